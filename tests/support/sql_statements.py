"""Statements for `spanledger sql` that try to get out: made by a grammar, and by changing escapes that are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from schema.store import sql_functions
from schema.store.statement_tree import TABLES

if TYPE_CHECKING:
    import random

_REFUSED: Final = Path(__file__).parents[1] / "data" / "sql_functions_refused.txt"
_REACHING: Final = """
    azureBlobStorage cluster clusterAllReplicas deltaLake deltaLakeLocal dictionary eval executable file fileCluster
    filesystem format fuzzJSON fuzzQuery gcs generateRandom generateSeries hdfs hudi iceberg icebergLocal input jdbc
    loop merge mergeTreeIndex mongodb mysql null numbers odbc paimonLocal postgresql primes python Python redis
    remote remoteSecure s3 sqlite timeSeriesData url urlCluster values view viewExplain viewIfPermitted ytsaurus zeros
    """.split()  # noqa: SIM905 - names read best as words
_COLUMNS: Final = ("trace_id", "span_id", "team", "start_time", "cost_usd", "input", "attributes", "number", "x")
_CLAUSES: Final = (("PREWHERE", 0.05), ("WHERE", 0.3), ("GROUP BY", 0.2), ("HAVING", 0.05), ("ORDER BY", 0.2))
_TYPES: Final = ("'String'", "'Array(Int8)'", "'Nullable(Decimal(10, 2))'")
_OPERATORS: Final = ("+", "-", "*", "/", "%", "=", "!=", "<", ">=", "AND", "OR", "LIKE", "ILIKE", "||", "<=>", "DIV")
_TEXT_FUNCTIONS: Final = ("lower", "upper", "reverse", "toString", "hex", "trim", "base64Encode", "identity", "MD5")
_OTHER_FUNCTIONS: Final = ("toString(length", "toString(cityHash64", "toString(empty", "toTypeName(toUInt64OrZero")
_ESCAPES: Final = (
    "SELECT 1) FORMAT Null; SELECT file('{path}') AS x WHERE (1=1",
    "SELECT 1) INTO OUTFILE '{out}' --",
    "SELECT 1 INTO OUTFILE '{out}' TRUNCATE FORMAT CSV",
    "SELECT 1 FORMAT Null;\0SELECT file('{path}')",
    "SELECT 1;\0BACKUP DATABASE default TO S3('{url}', 'a', 'b')",
    "BACKUP TABLE spans TO File('{out}')",
    "USE system",
    "SET readonly = 0",
    "SET max_result_rows = 1; SELECT 1",
    "CREATE TEMPORARY TABLE mine (a Int8)",
    "CREATE FUNCTION f AS x -> file(x)",
    "CREATE TABLE x ENGINE = URL('{url}', CSV) AS SELECT 1",
    "INSERT INTO FUNCTION file('{out}', 'CSV', 'a String') SELECT 'x'",
    "INSERT INTO FUNCTION url('{url}', 'CSV', 'a String') SELECT 'x'",
    "SELECT * FROM '{path}'",
    "SELECT * FROM `{path}`",
    "SELECT * FROM canary",
    "SELECT * FROM default.canary",
    "SELECT 'x' IN canary",
    "SELECT 'x' IN `{path}`",
    "WITH canary AS (SELECT * FROM canary) SELECT * FROM canary",
    "WITH RECURSIVE canary AS (SELECT * FROM canary) SELECT * FROM canary",
    "WITH RECURSIVE canary AS (WITH b AS (SELECT * FROM canary) SELECT * FROM b) SELECT * FROM canary",
    "WITH canary AS (SELECT 'x') SELECT 'y' UNION ALL (WITH canary AS (SELECT * FROM canary) SELECT * FROM canary)",
    "WITH canary AS u SELECT 'x' IN u",
    "SELECT (WITH canary AS (SELECT 1) SELECT count() FROM canary), 'x' IN canary",
    "SELECT arrayMap(file, ['{path}'])",
    "SELECT arrayMap(`file`, ['{path}'])",
    "SELECT * APPLY(file) FROM (SELECT '{path}')",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '{path}')",
    "SELECT COLUMNS('.*') APPLY file FROM (SELECT '{path}')",
    "SELECT * REPLACE(file('{path}') AS a) FROM (SELECT 1 AS a)",
    "WITH (x -> file(x)) AS f SELECT f('{path}')",
    "SELECT * FROM view(SELECT file('{path}'))",
    "SELECT * FROM eval('SELECT file(\\'{path}\\')')",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT file('{path}')))",
    "SELECT * FROM (EXPLAIN SELECT file('{path}'))",
    "EXPLAIN ESTIMATE SELECT file('{path}')",
    "DESCRIBE file('{path}')",
    "DESCRIBE (SELECT file('{path}'))",
    "DESCRIBE url('{url}')",
    "SHOW TABLES FROM system",
    "SHOW TABLES INTO OUTFILE '{out}'",
    "SHOW CREATE TABLE system.users",
    "SHOW PROCESSLIST",
    "SELECT * FROM url('{url}', 'CSV', 'a String')",
    "SELECT * FROM s3('{url}', 'CSV', 'a String')",
    "SELECT * FROM remote('{address}', system.one)",
    "SELECT * FROM mysql('{address}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('{address}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('{address}', 'a', 'b', 'c', 'd', 'e Int8')",
    "SELECT * FROM redis('{address}', 'k', 'k String')",
    "SELECT * FROM executable('{path}', 'TSV', 'a String')",
    "SELECT * FROM sqlite('{path}', 't')",
    "SELECT * FROM Python(canary)",
    "SELECT * FROM merge('system', '.*')",
    "SELECT * FROM loop(system.users)",
    "SELECT * FROM system.users",
    "SELECT * FROM INFORMATION_SCHEMA.TABLES",
    "SELECT 1 IN system.one, 1 GLOBAL IN (system.one)",
    "SELECT dictGet('{path}', 'a', 1), joinGet('system.one', 'dummy', 1)",
    "SELECT 1 FROM spans SETTINGS readonly = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)",
    "SELECT {{p:Identifier}} FROM {{t:Identifier}}",
    "SELECT $$'$$ || file($a${path}$a$) --$$",
    "SELECT 1 /* ; */ -- '\nFORMAT CSV",
    "SELECT CAST(unhex('00'), 'AggregateFunction(groupArray, String)')",
    "SELECT finalizeAggregation(CAST('x' AS AggregateFunction(uniqExact, String)))",
    "SELECT JSONExtract('[\"x\"]', 'Array(AggregateFunction(max, String))')",
    "SELECT * FROM values('a AggregateFunction(sum, Int8)', 'x')",
    "SELECT CAST(1, concat('Aggregate', 'Function(sum, Int8)'))",
    "SELECT sleep(3), sleepEachRow(3) FROM numbers(10)",
    "SELECT throwIf(1), hostName(), currentUser(), getSetting('readonly'), getMacro('shard'), serverUUID()",
)
_MARKS: Final = ("(", ")", "'", "`", '"', ";", ",", "--", "/*", "*/", "\0", "\n", "#", "$$", "\\", " ", "{", "}")
_SPACES: Final = ("\u00a0", "\ufeff", "\u2028", "\t", "\x1a")
_PIECES: Final = (
    "FORMAT Null", "INTO OUTFILE '{out}'", "SETTINGS readonly=0", "UNION ALL", "SELECT", "FROM", "file('{path}')",
    "system.", "`system`.`one`", "WITH", "AS", "IN", "canary", "; SELECT 1", "::String", "APPLY(file)", "EXPLAIN",
    "PARALLEL WITH",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Targets:
    """What statements aim at: a file to read, one to write, and an address to reach."""

    path: str
    out: str
    address: str

    def aimed(self, text: str) -> str:
        """Return a template with these targets in it."""
        url = f"http://{self.address}/x"
        return text.format(path=self.path, out=self.out, address=self.address, url=url)


def escapes(targets: Targets) -> list[str]:
    """Return the escapes that are known, aimed."""
    return [targets.aimed(escape) for escape in _ESCAPES]


class Statements:
    """An endless supply of statements; the same seed makes the same ones."""

    def __init__(self, source: random.Random, targets: Targets) -> None:
        self._random = source
        self._targets = targets
        lines = _REFUSED.read_text(encoding="utf-8").splitlines()
        refused = [name for line in lines if not line.startswith("#") for name in line.split()]
        self._allowed = sorted(sql_functions._PLAIN) + sorted(sql_functions._AGGREGATE)
        self._refused = [*refused, "file", "file", "hostName"]
        self._escapes = escapes(targets)
        self._pieces = [*_MARKS, *_SPACES, *map(targets.aimed, _PIECES)]
        self._strings = [
            "x",
            "2026-01-01",
            "1",
            "",
            "a,b",
            "String",
            "Int8",
            targets.path,
            targets.out,
            targets.address,
        ]

    def one(self) -> str:
        """Return a statement."""
        kind = self._random.random()
        if kind < 0.3:
            return self._tame()
        if kind < 0.5:
            return self._select(2)
        if kind < 0.6:
            return self._random.choice(self._escapes)
        return self._mutated(self._random.choice([self._random.choice(self._escapes), self._tame(), self._select(1)]))

    def _tame(self) -> str:
        """Return a statement that the engine can run, now and then with one wild part."""
        chance = self._random.random
        table = self._random.choice(["spans", "runs FINAL", "logs", "default.spans", "(SELECT team FROM runs) AS t"])
        name = "team" if table != "logs" else "service_name"
        parts = [f"SELECT {', '.join(self._text(name, 3) for _ in range(self._random.randint(1, 3)))}"]
        parts.append(
            f" FROM {table}" if chance() < 0.8 else " FROM (SELECT toString(number) AS " + name + " FROM numbers(9))"
        )
        parts.append(f" WHERE {self._condition(self._text(name, 1))}" if chance() < 0.5 else "")
        if chance() < 0.2:
            wild = [f"({self._select(1)})", self._expression(1), f"{self._function()}({name})"]
            parts[0] += f", {self._random.choice(wild)}"
        return "".join(parts) + self._random.choice(["", " LIMIT 5", f" ORDER BY 1 LIMIT 1 BY {name}", ";", " -- x"])

    def _text(self, name: str, depth: int) -> str:
        if depth == 0 or self._random.random() < 0.2:
            return self._random.choice([name, name, "'a'", "''", "'%a_'"])
        inner, second = self._text(name, depth - 1), self._text(name, depth - 1)
        return self._random.choice(
            [
                f"{self._random.choice(_TEXT_FUNCTIONS)}({inner})",
                f"{self._random.choice(_OTHER_FUNCTIONS)}({inner}))",
                f"concat({inner}, {second})",
                f"({inner} || {second})",
                f"substring({inner}, 1, {self._random.randint(0, 9)})",
                f"if({self._condition(inner)}, {inner}, {second})",
                f"arrayStringConcat(arrayMap(x -> {self._random.choice(_TEXT_FUNCTIONS)}(x), [{inner}, {second}]))",
                f"CAST({inner} AS String)",
                f"(SELECT {self._random.choice(['any', 'max', 'min'])}(team) FROM runs)",
            ]
        )

    def _condition(self, text: str) -> str:
        return self._random.choice(
            [
                f"{text} LIKE '%a%'",
                f"{text} IN ('a', 'b')",
                f"{text} IN (SELECT team FROM runs)",
                f"length({text}) > 1",
                f"{text} != 'b'",
                f"match({text}, 'a+')",
                f"has(['a'], {text})",
            ]
        )

    def _mutated(self, statement: str) -> str:
        for _ in range(self._random.randint(1, 3)):
            tokens = re.findall(r"\w+|\s+|.", statement, re.DOTALL)
            place = self._random.randrange(len(tokens) + 1)
            change = self._random.randrange(4)
            if change == 0:
                tokens.insert(place, self._random.choice(self._pieces))
            elif change == 1:
                del tokens[place : place + self._random.randint(1, 3)]
            elif change == 2 and place < len(tokens):
                tokens[place] = self._random.choice([*self._pieces, self._expression(1)])
            else:
                tokens = [f"SELECT * FROM ({statement})" if self._random.random() < 0.5 else f"{statement};{statement}"]
            statement = "".join(tokens) or "SELECT"
        return statement

    def _select(self, depth: int) -> str:
        pick, chance = self._random.choice, self._random.random
        parts = [f"WITH {self._with(depth)} " if chance() < 0.15 and depth else ""]
        columns = ", ".join(self._column(depth) for _ in range(self._random.randint(1, 3)))
        parts.append(f"SELECT {'DISTINCT ' if chance() < 0.1 else ''}{columns}")
        if chance() < 0.7:
            parts.append(f" FROM {self._table(depth)}")
            if chance() < 0.2:
                join = pick(["JOIN", "LEFT JOIN", "CROSS JOIN", ",", "ASOF JOIN", "ANY RIGHT JOIN"])
                on = "" if join in {"CROSS JOIN", ","} else f" ON {self._expression(1)}"
                parts.append(f" {join} {self._table(depth)}{on}")
            if chance() < 0.1:
                parts.append(f" ARRAY JOIN {self._expression(1)} AS x")
        for clause, share in (
            ("PREWHERE", 0.05),
            ("WHERE", 0.3),
            ("GROUP BY", 0.2),
            ("HAVING", 0.05),
            ("ORDER BY", 0.2),
        ):
            if chance() < share:
                parts.append(f" {clause} {self._expression(depth - 1)}")
        parts.append(pick(["", "", f" LIMIT {pick(['1', '5', '1 BY 1', '1 OFFSET 1', '1 WITH TIES'])}"]))
        if chance() < 0.08 and depth:
            parts.append(f" {pick(['UNION ALL', 'UNION DISTINCT', 'EXCEPT', 'INTERSECT'])} {self._select(depth - 1)}")
        if chance() < 0.04:
            parts.append(
                pick([" FORMAT CSV", " SETTINGS max_threads = 1", f" INTO OUTFILE '{self._targets.out}'", ";"])
            )
        return "".join(parts)

    def _with(self, depth: int) -> str:
        name = self._random.choice(["canary", "x", "mine", "runs", "tables"])
        if self._random.random() < 0.6:
            recursive = "RECURSIVE " if self._random.random() < 0.3 else ""
            return f"{recursive}{name} AS ({self._select(depth - 1)})"
        return f"{self._expression(depth - 1)} AS {name}"

    def _column(self, depth: int) -> str:
        special = ["*", "* EXCEPT(team)", "COLUMNS('t.*')", f"* APPLY({self._function()})", "s.*"]
        text = self._random.choice(special) if self._random.random() < 0.1 else self._expression(depth)
        return (
            f"{text} AS {self._random.choice(['x', 'canary', '`a b`', 'team'])}"
            if self._random.random() < 0.3
            else text
        )

    def _table(self, depth: int) -> str:
        kind = self._random.random()
        if kind < 0.5:
            table = self._random.choice([*sorted(TABLES), "default.spans", "runs FINAL", "numbers(10)", "zeros(3)"])
        elif kind < 0.6:
            table = self._random.choice(
                ["canary", "system.one", f"'{self._targets.path}'", "mine", "INFORMATION_SCHEMA.TABLES"]
            )
        elif kind < 0.7 or not depth:
            arguments = ", ".join(self._literal() for _ in range(self._random.randint(0, 4)))
            table = f"{self._random.choice(_REACHING)}({arguments})"
        else:
            table = f"({self._select(depth - 1)})"
        return f"{table} AS s" if self._random.random() < 0.3 and "FINAL" not in table else table

    def _expression(self, depth: int) -> str:
        kind = self._random.random()
        if depth <= 0 or kind < 0.25:
            return self._random.choice([self._literal, lambda: self._random.choice(_COLUMNS)])()
        inner = [self._expression(depth - 1) for _ in range(self._random.randint(0, 3))]
        if kind < 0.75:
            return f"{self._function()}({', '.join(inner)})"
        first, second = self._expression(depth - 1), self._expression(depth - 1)
        return self._random.choice(
            [
                f"({first} {self._random.choice(_OPERATORS)} {second})",
                f"[{', '.join(inner)}]",
                f"({first} IN ({second}))",
                f"({first} IN {self._random.choice(['canary', 'system.one', 'runs', 'x'])})",
                f"({first} IN ({self._select(0)}))",
                f"CAST({first}, {self._random.choice([*_TYPES, second])})",
                f"{first}::{self._random.choice(['String', 'Int8', 'Decimal(10, 2)', 'Nullable(Date)'])}",
                f"CASE WHEN {first} THEN {second} END",
                f"(x -> {first})",
                f"arrayMap({self._random.choice(['x -> ' + first, self._function()])}, {second})",
                f"({self._select(0)})",
                f"{first}[1]",
                f"{self._function()}({first}) OVER (PARTITION BY {second})",
                f"sumIf({first}, {second})",
                f"INTERVAL {first} DAY",
                "{p:String}",
            ]
        )

    def _function(self) -> str:
        return self._random.choice(self._refused if self._random.random() < 0.1 else self._allowed)

    def _literal(self) -> str:
        numbers = ["0", "1", "-1", "7", "255", "1000", "1.5", "1e10", "NULL", "true", "18446744073709551615", "[1, 2]"]
        text = self._random.choice(self._strings)
        return self._random.choice([*numbers, f"'{text}'", f"'{text}'", f"['{text}']", "map('a', 1)", "tuple(1, 'a')"])
