"""Deletes whole runs from every table, bytes and all: those of a user, of a session, or one run."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import pyarrow as pa

from schema.queries.holdings import note_removal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schema.store import Store

Named = Literal["user", "session", "trace"]
"""What names the runs to delete."""

PURGE_SCHEMA: Final[pa.Schema] = pa.schema(
    [("at", pa.timestamp("us", "UTC")), ("by", pa.string())]
    + [(name, pa.uint64()) for name in ("runs", "spans", "log_records")]
)
"""Arrow schema of the table `purges`; its columns in their order."""

_COLUMNS: Final[dict[Named, str]] = {"user": "user_id", "session": "session_id", "trace": "trace_id"}
_TABLES: Final = {"runs": "uniqExact(trace_id)", "spans": "count()", "logs": "count()"}
_TRACES_A_STATEMENT: Final = 500


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was deleted, or would be."""

    runs: int
    spans: int
    log_records: int


def purge(store: Store, by: Named, value: str, *, dry_run: bool = False) -> Purged:
    """Delete the runs of which a span has this user, session or trace id, and keep a row that says so.

    Runs that they were stitched to stay stitched to each other, under the same `first_trace_id`. What still waits in a
    spool is not found. Raises StoreError.
    """
    traces = _traces(store, by, value)
    counts = {table: sum(_count(store, table, some) for some in _chunks(traces)) for table in _TABLES}
    purged = Purged(counts["runs"], counts["spans"], counts["logs"])
    if dry_run or not traces:
        return purged
    with store.writing_runs:
        for table in ("spans", "logs", "runs"):  # the runs last: whoever finds this half done finds them again
            stored = store.layout.stored(table)
            for some in _chunks(traces):
                if table != "runs":
                    note_removal(store, table, "trace_id IN {traces:Array(String)}", {"traces": some})
                store.command(
                    f"DELETE FROM {stored} WHERE trace_id IN {{traces:Array(String)}}",  # noqa: S608 - our own names
                    {"traces": some},
                )
            # A deleted row is only marked as such until its part is merged, which may be never.
            store.command(f"ALTER TABLE {stored} APPLY DELETED MASK SETTINGS mutations_sync = 2")
    row = {"at": datetime.now(UTC), "by": by, "runs": purged.runs, "spans": purged.spans}
    batch = pa.RecordBatch.from_pylist([row | {"log_records": purged.log_records}], schema=PURGE_SCHEMA)
    store.insert("purges", batch, token=uuid.uuid4().hex)
    return purged


def _traces(store: Store, by: Named, value: str) -> list[str]:
    tables = ("spans", "runs", "logs") if by == "trace" else ("spans", "runs")
    selects = (
        f"SELECT trace_id FROM {table} WHERE {_COLUMNS[by]} = {{value:String}} AND trace_id != ''"  # noqa: S608 - our own names
        for table in tables
    )
    union = " UNION DISTINCT ".join(selects)
    found: list[str] = store.query(union, {"value": value}).column("trace_id").to_pylist()
    return sorted(found)


def _chunks(traces: Sequence[str]) -> Iterator[list[str]]:
    for first in range(0, len(traces), _TRACES_A_STATEMENT):
        yield list(traces[first : first + _TRACES_A_STATEMENT])


def _count(store: Store, table: str, traces: list[str]) -> int:
    rows = f"SELECT {_TABLES[table]} AS n FROM {table} WHERE trace_id IN {{traces:Array(String)}}"  # noqa: S608 - our own names
    return int(store.query(rows, {"traces": traces}).to_pylist()[0]["n"])
