"""A user's SQL, made safe to run: it may read our tables and nothing else on the machine (docs/adr/0016-user-sql.md).

`readonly = 1` alone is not enough in the embedded engine: the function `file` reads any file and INTO OUTFILE writes
one. So the engine parses the text, bound as a parameter, into a tree. The tree is held against lists of what is allowed
(schema.store.statement_tree). What runs is written by the engine from that tree, as a subquery, in a database that
holds no table of ours and no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from textwrap import shorten
from typing import Any, Final

import pyarrow as pa
from clickhouse_connect.driver.binding import quote_identifier

from schema.store.errors import QueryFailedError
from schema.store.statement_tree import TABLES, objection, qualify

Ask = Callable[[str, Mapping[str, str]], pa.Table]
"""Runs SQL with bound parameters over a connection with SETTINGS in DATABASE. Raises QueryFailedError."""

DATABASE: Final = "information_schema"
"""The current database of the connection: it holds no table of ours, and no file is a table in it."""

SECONDS: Final = 60
_BYTES: Final = 2 * 10**9
_ROWS: Final = 1_000_000
_RESULT_BYTES: Final = 2**28
_LONGEST: Final = 100_000  # bytes of a statement: the engine takes seconds to parse the worst of 150,000
_LONGEST_REASON: Final = 1000  # characters: the engine repeats the statement in its errors
_DEEPEST: Final = 300  # levels of a syntax tree: Python reads its JSON, half as deep again, by recursion

SETTINGS: Final = {
    "max_memory_usage": _BYTES,
    "max_result_rows": _ROWS,
    "max_result_bytes": _RESULT_BYTES,
    "result_overflow_mode": "throw",
    "timeout_overflow_mode": "throw",
    "max_query_size": 100 * _LONGEST,  # it holds for the JSON of a tree too, which is some 20 times as long
    "max_ast_depth": _DEEPEST,
    "max_parser_depth": _DEEPEST,
    "enable_analyzer": 1,  # names mean what they mean to it
    "allow_ddl": 0,
    "allow_introspection_functions": 0,
    "max_bytes_ratio_before_external_group_by": 0,  # a statement that reads writes nothing, not even what it sorts
    "max_bytes_ratio_before_external_sort": 0,
}
"""What holds while a statement runs, besides its time; readonly is to be set after these."""

_INSPECTION: Final = re.compile(
    r"(?:(?P<all>SHOW\s+TABLES)|(?P<verb>DESCRIBE|DESC|EXISTS|SHOW\s+CREATE|SHOW\s+COLUMNS\s+FROM)"
    r"(?:\s+TABLE)?\s+(?:(?P<database>\w+)\.)?(?P<table>\w+))",
    re.IGNORECASE,
)
_VERBS: Final = {"DESC": "DESCRIBE TABLE", "DESCRIBE": "DESCRIBE TABLE", "EXISTS": "EXISTS TABLE"}
_PLACE: Final = re.compile(r"Syntax error.{0,200}?failed at position (\d+)", re.DOTALL)
_EXPECTED: Final = re.compile(r"\.? Expected one of: .*?(?=: In scope |$)", re.DOTALL)
"""The engine's list of what it would have read instead, which it also gives for types in a text: CAST(x, 'Array(')."""

_ONE_SELECT: Final = "one SELECT is answered here, or SHOW TABLES, DESCRIBE, EXISTS and SHOW CREATE of a table"
_TREE: Final = "SELECT parseQueryToJSON({text:String}) AS tree"
_SUBQUERY: Final = (
    "WITH concat('SELECT * FROM (\\n', formatQueryFromJSON({text:String}), '\\n)') AS statement"
    " SELECT statement, parseQueryToJSON(statement) AS tree"
)
_TOO_DEEP: Final = f"the statement is nested too deeply: {_DEEPEST} levels of its syntax tree are read"
_SYNTAX: Final = 62  # ClickHouse's numbers of errors, here and below
_REASONS: Final = {
    167: _TOO_DEEP,
    306: _TOO_DEEP,
    168: "the statement is too big: 50,000 nodes of its syntax tree are read",
    456: "{name:Type} stands for a parameter, and there are none here: write the value",
    46: "the server is too old to check statements: ClickHouse 26.9 or newer is needed",
    159: "the statement ran longer than {seconds} seconds: read fewer rows, or a shorter time",
    241: f"the statement needs more than {_BYTES // 10**9} GB of memory: read fewer rows, or group by less",
    396: f"the answer has more than {_ROWS:,} rows or {_RESULT_BYTES // 2**20} MB: add LIMIT, or sum up",
}
LIMITS: Final = frozenset({159, 241, 396})
"""Codes of errors that mean that a statement exceeded a limit; trying again does not help."""


def answer(ask: Ask, statement: str, database: str, *, seconds: int = SECONDS) -> pa.Table:
    """Return the rows of a user's statement about our tables, which lie in `database`. Raises QueryFailedError."""
    if "\0" in statement:
        raise QueryFailedError("the statement holds a NUL byte: leave it out")
    try:
        size = len(statement.encode())
    except UnicodeEncodeError:
        raise QueryFailedError("the statement is not UTF-8 text") from None
    if size > _LONGEST:
        raise QueryFailedError(f"the statement has {size:,} bytes, and {_LONGEST:,} are read")
    try:
        return _checked(ask, statement, database)
    except QueryFailedError as error:
        if error.code in LIMITS:
            raise QueryFailedError(_REASONS[error.code].format(seconds=seconds)) from None
        reason = _EXPECTED.sub("", str(error))
        raise QueryFailedError(shorten(reason, _LONGEST_REASON, placeholder=" …")) from None


def _checked(ask: Ask, statement: str, database: str) -> pa.Table:
    inspection = _INSPECTION.fullmatch(statement.strip().removesuffix(";").rstrip())
    if inspection:
        return ask(*_inspect(inspection, database))
    tree = json.loads(_parsed(ask, statement, _TREE, statement)["tree"])
    _refuse(tree, database)
    qualify(tree, database)
    written = _parsed(ask, statement, _SUBQUERY, json.dumps(tree))
    _refuse(json.loads(written["tree"]), database)
    return _as_text(ask(str(written["statement"]), {}))


def _inspect(asked: re.Match[str], database: str) -> tuple[str, Mapping[str, str]]:
    """Return a query of ours that answers SHOW TABLES, DESCRIBE, EXISTS or SHOW CREATE about our tables."""
    if asked["all"]:
        ours = ", ".join(f"'{table}'" for table in sorted(TABLES))
        listed = f"database = {{database:String}} AND name IN ({ours})"
        return f"SELECT name FROM system.tables WHERE {listed} ORDER BY name", {"database": database}  # noqa: S608 - ours
    if asked["table"] not in TABLES or asked["database"] not in {None, database}:
        raise QueryFailedError(f"there is no table {asked['table']} here: the tables are {', '.join(sorted(TABLES))}")
    verb = " ".join(asked["verb"].upper().split())
    return f"{_VERBS.get(verb, verb)} {quote_identifier(database)}.{asked['table']}", {}


def _parsed(ask: Ask, statement: str, sql: str, text: str) -> dict[str, str]:
    """Return the engine's answer about `text`: the statement's own text, or the tree of it."""
    try:
        rows = ask(sql, {"text": text})
    except QueryFailedError as error:
        if error.code in LIMITS:
            raise
        raise QueryFailedError(_unreadable(statement, error)) from None
    try:
        row: dict[str, str] = rows.to_pylist()[0]
    except UnicodeDecodeError:
        raise QueryFailedError("the statement holds bytes that are not UTF-8: write them as unhex('…')") from None
    return row


def _unreadable(statement: str, error: QueryFailedError) -> str:
    """Return why the engine could not parse a statement, without its list of what it would have read instead."""
    text = str(error)
    if "Multi-statements" in text:
        return f"there is more than one statement: {_ONE_SELECT}"
    place = _PLACE.search(text)
    if error.code == _SYNTAX and place:
        before = statement.encode()[: int(place[1]) - 1].decode(errors="ignore")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        return f"ClickHouse cannot read this SQL from line {line}, column {column} on; {_ONE_SELECT}"
    return _REASONS.get(error.code, f"this is no statement to be read: {_ONE_SELECT}")


def _refuse(tree: Any, database: str) -> None:  # noqa: ANN401 - JSON
    if tree.get("type") not in {"SelectWithUnionQuery", "SelectQuery"}:
        raise QueryFailedError(f"this is no SELECT: {_ONE_SELECT}")
    reason = objection(tree, database)
    if reason:
        raise QueryFailedError(reason)


def _as_text(rows: pa.Table) -> pa.Table:
    """Return the rows with U+FFFD for bytes that are no UTF-8, such as half a letter that substring() left."""
    if _is_text(rows):
        return rows
    for index, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            values = rows.column(index).cast(pa.binary()).to_pylist()
            decoded = [None if value is None else value.decode(errors="replace") for value in values]
            rows = rows.set_column(index, field, pa.array(decoded, pa.string()))
    if not _is_text(rows):
        raise QueryFailedError("a list, map or tuple holds bytes that are not UTF-8: use toValidUTF8(…) or hex(…)")
    return rows


def _is_text(rows: pa.Table) -> bool:
    try:
        rows.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
