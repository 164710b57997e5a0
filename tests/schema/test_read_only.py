from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schema.store import QueryFailedError

if TYPE_CHECKING:
    from pathlib import Path

    from schema.store import Store

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
]


@pytest.mark.parametrize("statement", HOSTILE)
def test_a_query_cannot_write_or_reach_files(store: Store, tmp_path: Path, statement: str) -> None:
    secret, out = tmp_path / "secret.txt", tmp_path / "out.txt"
    secret.write_text("do not read me", encoding="utf-8")
    with pytest.raises(QueryFailedError):
        store.query_read_only(statement.format(secret=secret, out=out))
    assert not out.exists()
    store.command("SELECT count() FROM spans")  # still there


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT 1 AS one -- a comment", [{"one": 1}]),
        ("SELECT number AS n FROM numbers(3) ORDER BY n DESC;", [{"n": 2}, {"n": 1}, {"n": 0}]),
        ("WITH 'file(1)' AS text SELECT text", [{"text": "file(1)"}]),
        ("EXISTS spans", [{"result": 1}]),
    ],
)
def test_an_honest_query_runs(store: Store, statement: str, rows: list[dict[str, object]]) -> None:
    assert store.query_read_only(statement).to_pylist() == rows


def test_reading_does_not_make_the_store_read_only(store: Store) -> None:
    store.query_read_only("SELECT 1")
    store.command("CREATE TABLE scratch (a Int8) ENGINE = Memory")
    store.command("DROP TABLE scratch")
