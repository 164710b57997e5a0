"""New values for many stored spans in one light UPDATE, for facts that come after a span was stored."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from schema.copies import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from schema.store.store import Store

MONEY: Final = pa.decimal128(18, 9)
"""Arrow type of the cost columns of a span."""

ROW: Final = ("trace_id", "span_id", "received_ns", "arrival_team", "span_kind", "service_name")
"""Columns that identify one copy of a span; no update changes them."""

_AS_TEXT: Final = {"received_ns": "toString(toUnixTimestamp64Nano(received_at))"}
_PREFIX: Final = "span_update_"
_TYPES: Final = {pa.string(): "String", MONEY: "Nullable(Decimal(18, 9))", pa.date32(): "Date"}
_UNIQUE: Final = 32  # hexadecimal digits that end a name
_ABANDONED: Final = 3600  # seconds; an update takes a few
_TABLES: Final = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
)


def update_spans(  # noqa: PLR0913 - what is changed, and to what
    store: Store,
    new: pa.Table,
    assignments: Mapping[str, str],
    where: str,
    parameters: Mapping[str, Any],
    *,
    by: Sequence[str] = IDENTITY,
) -> None:
    """Set columns of the spans that `new` has a row for; every stored copy of a span gets them.

    `new` has the columns of `by`, as texts, and values (texts, MONEY or dates); the spans that have the same in `by`
    get them. `assignments` gives each column of `spans` an expression, in which `{name}` is the value of that name;
    `where` narrows down what is read to find the spans and binds `parameters`. All are our own SQL, never
    a sender's text. Raises StoreError.
    """
    names = [name for name in new.column_names if name not in by]
    columns = ", ".join(f"{name} {_TYPES[new.schema.field(name).type]}" for name in names)
    spans = pc.binary_join_element_wise(*(new.column(name) for name in by), "")
    span = f"concat({', '.join(_AS_TEXT.get(name, name) for name in by)})"
    # A unique name: two writers may share a server. Not persistent: the table that a killed process leaves is empty.
    table = f"{_PREFIX}{int(time.time())}_{uuid.uuid4().hex}"
    engine = "Join(ANY, LEFT, span) SETTINGS persistent = 0"
    # On a cluster the rows of a trace go to its shard, to a replica of it; that one updates, and the others follow it.
    store.create(f"CREATE TABLE {table} (span String, trace_id String, {columns}) ENGINE = {engine}")
    try:
        store.insert(table, new.select(["trace_id", *names]).add_column(0, "span", spans), token=table)
        rows = store.layout.rows(table)
        values = {name: f"joinGet('{rows}', '{name}', {span})" for name in names}
        changes = ", ".join(f"{column} = {value.format_map(values)}" for column, value in assignments.items())
        store.command(
            f"UPDATE {store.layout.stored('spans')} SET {changes}"  # noqa: S608 - our own words
            f" WHERE {where} AND {span} IN (SELECT span FROM {rows})",
            parameters,
        )
    finally:
        store.drop(table)


def sweep(store: Store) -> int:
    """Drop the tables that killed processes left behind; return how many there were.

    Their names hold the time of creation, which the embedded engine does not keep. Only tables that are older than an
    hour are dropped, so other writers on the same server keep theirs. Raises StoreError.
    """
    tables = store.query(_TABLES, {"prefix": _PREFIX}).column("name").to_pylist()
    names = {name.removesuffix("_local") for name in tables}  # on a cluster there are two of each
    old = [name for name in names if _created_at(name) < time.time() - _ABANDONED]
    for name in old:
        store.drop(name)
    return len(old)


def _created_at(table: str) -> float:
    """Return the time of creation in seconds since the epoch; infinity for a table that is not ours to drop."""
    created_at, _, unique = table.removeprefix(_PREFIX).partition("_")
    return int(created_at) if created_at.isdecimal() and len(unique) == _UNIQUE else float("inf")
