from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Literal

import pytest

from collector.cli.render import render
from schema.store.errors import QueryFailedError, StoreUnavailableError
from schema.store.statement_tree import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from schema.store.store import Store

HOSTILE = [
    "DROP TABLE spans",
    "TRUNCATE TABLE spans",
    "INSERT INTO spans (team) VALUES ('x')",
    "SELECT 1; DROP TABLE spans",
    "SELECT file('{secret}')",
    "SELECT `file`('{secret}')",
    "SELECT arrayMap(file, ['{secret}'])",
    "WITH file('{secret}') AS a SELECT a",
    "SELECT * FROM view(SELECT file('{secret}'))",
    "SELECT * FROM file('{secret}', 'LineAsString')",
    "SELECT * FROM file('{secret}', 'LineAsString') SETTINGS readonly = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1) SETTINGS readonly = 0 --",
    "SELECT 1 INTO OUTFILE '{out}'",
    "SHOW TABLES INTO OUTFILE '{out}'",
    "DESCRIBE spans INTO OUTFILE '{out}'",
    "SELECT 1) INTO OUTFILE '{out}' --",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "CREATE TEMPORARY TABLE mine (a Int8)",
    "SET readonly = 0",
    "SELECT 1) FORMAT Null; SELECT file('{secret}') AS x WHERE (1=1",
    "SELECT 1) FORMAT Null; SELECT 1 INTO OUTFILE '{out}' --",
    "SELECT 1;\0SELECT 2",
    "USE system",
    "BACKUP TABLE spans TO File('{out}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM `{secret}`",
    "WITH `{secret}` AS (SELECT * FROM `{secret}`) SELECT * FROM `{secret}`",
    "WITH RECURSIVE `{secret}` AS (SELECT * FROM `{secret}`) SELECT * FROM `{secret}`",
    "SELECT 'x' IN `{secret}`",
    "SELECT * APPLY(file) FROM (SELECT '{secret}')",
    "SELECT * FROM system.users",
    "SELECT 0 IN system.one",
    "SELECT 'x' IN columns",
    "SELECT * FROM INFORMATION_SCHEMA.TABLES",
    "SHOW TABLES FROM system",
    "SHOW PROCESSLIST",
    "DESCRIBE file('{secret}')",
    "DESCRIBE system.users",
    "EXPLAIN SELECT 1",
    "SELECT * FROM (EXPLAIN SELECT 1)",
    "SELECT hostName()",
    "SELECT getSetting('readonly')",
    "SELECT sleep(1)",
    "SELECT 1 FORMAT CSV",
    "SELECT {{p:String}}",
    "SELECT CAST(unhex('00'), 'AggregateFunction(sum, Int8)')",
    "SELECT CAST('1', concat('Int', '8'))",
    "SELECT " + "(" * 5000,
    "SELECT 1" + " + 1" * 20000,
    "SELECT '" + "x" * 200000 + "'",
]


@pytest.mark.parametrize("statement", HOSTILE)
def test_a_query_cannot_write_or_reach_files(store: Store, tmp_path: Path, statement: str) -> None:
    secret, out = tmp_path / "secret.txt", tmp_path / "out.txt"
    secret.write_text("do not read me", encoding="utf-8")
    with pytest.raises(QueryFailedError) as refused:
        store.query_read_only(statement.format(secret=secret, out=out))
    assert not out.exists()
    reason = str(refused.value)
    assert "do not read me" not in reason
    assert "Expected one of" not in reason
    assert "\n" not in reason
    assert len(reason) < 400
    store.command("SELECT count() FROM spans")  # still there


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT 1 AS one -- a comment", [{"one": 1}]),
        ("SELECT number AS n FROM numbers(3) ORDER BY n DESC;", [{"n": 2}, {"n": 1}, {"n": 0}]),
        ("WITH 'file(1)' AS text SELECT text", [{"text": "file(1)"}]),
        ("EXISTS spans", [{"result": 1}]),
        ("exists table default.spans ;", [{"result": 1}]),
        ("SELECT '{p:String}' AS p, 'ü\t\\n😀' AS s", [{"p": "{p:String}", "s": "ü\t\n😀"}]),
        (
            "WITH mine AS (SELECT 1 AS a) SELECT a FROM mine UNION ALL SELECT a + 1 FROM mine ORDER BY a",
            [{"a": 1}, {"a": 2}],
        ),
        (
            "WITH RECURSIVE up AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM up WHERE n < 3) SELECT n FROM up LIMIT 1",
            [{"n": 1}],
        ),
        ("WITH ['a'] AS teams SELECT 'a' IN teams AS found", [{"found": 1}]),
        ("SELECT arrayMap(x -> upper(x), ['a']) AS a, arraySum(length, ['abc']) AS n", [{"a": ["A"], "n": 3}]),
        (
            "SELECT count() AS n FROM spans AS s JOIN default.runs ON s.trace_id = runs.trace_id",
            None,
        ),
        ("SELECT team, sum(cost_usd) FROM runs FINAL GROUP BY team", None),
        ("SELECT kind, quantile(0.95)(duration_ns), countIf(name = 'x') FROM spans GROUP BY kind WITH TOTALS", None),
        ("SELECT trace_id IN (SELECT trace_id FROM runs) AS a, * EXCEPT(attributes) FROM spans LIMIT 1 BY team", None),
        (
            "SELECT count() AS n FROM runs WHERE trace_id IN (" + ", ".join(f"'{n:032x}'" for n in range(2600)) + ")",
            None,
        ),
        ("SELECT 1 AS one WHERE " + " OR ".join(["1 = 1"] * 3000), [{"one": 1}]),
        ("SELECT count() AS n FROM (SELECT number FROM numbers(1500000))", [{"n": 1500000}]),
        ("DESCRIBE runs", None),
        ("SHOW CREATE TABLE spans", None),
        ("SHOW COLUMNS FROM logs", None),
    ],
)
def test_an_honest_query_runs(store: Store, statement: str, rows: list[dict[str, object]] | None) -> None:
    answer = store.query_read_only(statement).to_pylist()
    assert rows is None or answer == rows


def test_show_tables_names_ours_alone(store: Store) -> None:
    store.command("CREATE TABLE foreign (a Int8) ENGINE = Memory")
    try:
        assert {row["name"] for row in store.query_read_only("SHOW TABLES").to_pylist()} == TABLES
        with pytest.raises(QueryFailedError, match="no table foreign here"):
            store.query_read_only("SELECT * FROM foreign")
    finally:
        store.command("DROP TABLE foreign")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT count() FROM numbers(1000000000000)", "ran longer than 1 seconds: read fewer rows"),
        ("SELECT range(500000000)", "needs more than 2 GB of memory: read fewer rows"),
        ("SELECT * FROM numbers(1000001)", "more than 1,000,000 rows or 256 MB: add LIMIT"),
        ("SELECT 1,\n  FROM FROM", "from line 2, column 12 on"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("DROP TABLE spans", "one SELECT is answered here"),
        ("SELECT 1 FORMAT CSV", "--format"),
        ("SELECT 1 SETTINGS max_threads = 1", "SETTINGS"),
        ("SELECT \udcff", "not UTF-8"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    store: Store, monkeypatch: pytest.MonkeyPatch, statement: str, reason: str
) -> None:
    monkeypatch.setattr(store, "reading_seconds", 1)
    with pytest.raises(QueryFailedError, match=re.escape(reason)):
        store.query_read_only(statement)


def test_some_statements_run_at_a_time_and_the_next_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.store.store._VISITOR_SECONDS", 0.01)
    monkeypatch.setattr(store, "_visitors", threading.BoundedSemaphore(1))
    with store._visit(), pytest.raises(StoreUnavailableError, match="statements run already"):
        store.query_read_only("SELECT 1")
    assert store.query_read_only("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_bytes_that_are_no_text_are_shown_or_refused(store: Store) -> None:
    rows = store.query_read_only("SELECT substring('é', 1, 1) AS half, unhex('61cf62') AS b, NULL AS n").to_pylist()
    assert rows == [{"half": "\ufffd", "b": "a\ufffdb", "n": None}]
    for statement in ("SELECT [unhex('cf')]", "SELECT map('a', unhex('cf'))", "SELECT '\\xcf'", "SELECT 1 AS `\\xcf`"):
        with pytest.raises(QueryFailedError, match="not UTF-8"):
            store.query_read_only(statement)


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_every_type_is_printed(store: Store, form: Literal["json", "csv", "table"]) -> None:
    values = [
        "generateUUIDv4()", "toIPv6('::1')", "toTime('00:00:01')", "toIntervalDay(1)", "toInt256(1)", "MD5('a')",
        "map('a', toDate('2026-01-01'))", "[toDateTime64('2026-01-01 00:00:00', 3)]", "tuple(1, 'a')", "tuple()",
        "toDecimal64(1, 2)", "nan", "NULL", "[]", "now64(9)", "'a'::Enum8('a' = 1)", "'\\0'",
    ]  # fmt: skip
    for value in values:
        assert render(store.query_read_only(f"SELECT {value} AS x"), form)
    nested = store.query_read_only("SELECT [toDateTime64('2026-01-02 03:04:05', 3, 'UTC')] AS x, map('a', now()) AS y")
    assert "2026-01-02T03:04:05" in render(nested, form)


def test_reading_does_not_make_the_store_read_only(store: Store) -> None:
    store.query_read_only("SELECT 1")
    store.command("CREATE TABLE scratch (a Int8) ENGINE = Memory")
    store.command("DROP TABLE scratch")


def test_an_error_in_the_text_of_a_type_lists_no_tokens(store: Store) -> None:
    with pytest.raises(QueryFailedError) as refused:
        store.query_read_only("SELECT DISTINCT CAST([1, 2], 'Nullable(Decimal(, 2))') FROM logs")
    assert "Expected" not in str(refused.value)
    assert "Decimal" in str(refused.value)
