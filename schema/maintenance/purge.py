"""Deletes runs from every table and from disk: those of a user, of a session, or of one trace."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from schema.maintenance.changes import Named, Purged
from schema.maintenance.removals import note_removal
from schema.runs.record_teams import IS_STAMPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schema.runs.session_links import RunKey
    from schema.store.store import Store

PURGE_SCHEMA: Final[pa.Schema] = pa.schema(
    [("at", pa.timestamp("us", "UTC")), ("by", pa.string())]
    + [(name, pa.uint64()) for name in ("runs", "spans", "log_records")]
)
"""Arrow schema of the table `purges`; its columns in their order."""

_COLUMNS: Final[dict[Named, str]] = {"user": "user_id", "session": "session_id", "trace": "trace_id"}
_RUN: Final = "concat(trace_id, ' ', team)"
_ALL: Final = dict.fromkeys(("spans", "logs", "runs"), "true")
# Of a trace in which other teams have spans too, their runs stay, and the log records that are theirs. A run's former
# rows go with it, also those of a team that it is no longer of.
_OF_RUNS: Final = {
    "spans": f"{_RUN} IN {{runs:Array(String)}}",
    "logs": f"({_RUN} IN {{runs:Array(String)}} OR NOT {IS_STAMPED} AND {_RUN} NOT IN {{staying:Array(String)}})",
    "runs": f"{_RUN} NOT IN {{staying:Array(String)}}",
}
_COUNTS: Final = {"runs": "uniqExact(trace_id, team)", "spans": "count()", "logs": "count()"}
_TRACES_A_STATEMENT: Final = 500


def purge(store: Store, by: Named, value: str, *, dry_run: bool = False) -> Purged:
    """Delete the runs of which a span has this user or session, or all of a trace id, and keep a row about it.

    A run is of one team: what other teams sent into its trace stays, unless the trace is named. Runs that they were
    connected with stay connected, under the same `first_trace_id`. Requests that wait in a spool are not deleted.
    Raises StoreError.
    """
    chunks = list(_chunks(_runs(store, by, value)))
    conditions = _ALL if by == "trace" else _OF_RUNS
    bound = [_bound(store, runs) for runs in chunks]
    counts = {table: sum(_count(store, table, conditions[table], some) for some in bound) for table in _COUNTS}
    purged = Purged(counts["runs"], counts["spans"], counts["logs"])
    if dry_run or not bound:
        return purged
    with store.writing_runs:
        for table in ("spans", "logs", "runs"):  # the runs last: a purge that was interrupted finds them again
            stored = store.layout.stored(table)
            for some in bound:
                condition = f"trace_id IN {{traces:Array(String)}} AND {conditions[table]}"
                if table != "runs":
                    note_removal(store, table, condition, some)
                store.command(
                    f"DELETE FROM {stored} WHERE {condition}",  # noqa: S608 - our own names
                    some,
                )
            # A deleted row is only marked as such until its part is merged, which may be never.
            store.command(f"ALTER TABLE {stored} APPLY DELETED MASK SETTINGS mutations_sync = 2")
    row = {"at": datetime.now(UTC), "by": by, "runs": purged.runs, "spans": purged.spans}
    batch = pa.RecordBatch.from_pylist([row | {"log_records": purged.log_records}], schema=PURGE_SCHEMA)
    store.insert("purges", batch, token=uuid.uuid4().hex)
    return purged


def _runs(store: Store, by: Named, value: str) -> list[RunKey]:
    tables = ("spans", "runs", "logs") if by == "trace" else ("spans", "runs")
    selects = (
        f"SELECT trace_id, toString(team) AS team FROM {table}"  # noqa: S608 - our own names
        f" WHERE {_COLUMNS[by]} = {{value:String}} AND trace_id != ''"
        for table in tables
    )
    rows = store.query(" UNION DISTINCT ".join(selects), {"value": value}).to_pylist()
    return sorted((row["trace_id"], row["team"]) for row in rows)


def _bound(store: Store, runs: Sequence[RunKey]) -> dict[str, list[str]]:
    """Return what the conditions bind: these runs, their traces, and what stays of these traces."""
    traces = sorted({trace for trace, _ in runs})
    rows = store.query(
        f"SELECT DISTINCT {_RUN} AS run FROM spans WHERE trace_id IN {{traces:Array(String)}}"  # noqa: S608 - our own names
        f" UNION DISTINCT SELECT {_RUN} AS run FROM runs FINAL WHERE trace_id IN {{traces:Array(String)}}",
        {"traces": traces},
    )
    named = sorted(" ".join(run) for run in runs)
    staying = sorted(set(rows.column("run").to_pylist()) - set(named))
    return {"traces": traces, "runs": named, "staying": staying}


def _chunks(runs: Sequence[RunKey]) -> Iterator[list[RunKey]]:
    """Cut into lists that a statement can bind; the runs of a trace stay together."""
    some: list[RunKey] = []
    for _, same in groupby(runs, key=itemgetter(0)):
        some += same
        if len(some) >= _TRACES_A_STATEMENT:
            yield some
            some = []
    if some:
        yield some


def _count(store: Store, table: str, condition: str, bound: dict[str, list[str]]) -> int:
    rows = f"SELECT {_COUNTS[table]} AS n FROM {table} WHERE trace_id IN {{traces:Array(String)}} AND {condition}"  # noqa: S608 - our own names
    return int(store.query(rows, bound).to_pylist()[0]["n"])
