"""Versions of a run: the unchanged ones, which are not written again, and the row that removes a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from schema.runs.record_teams import IS_STAMPED
from schema.runs.rows import RUN_SCHEMA, SUMMARY_SCHEMA, RunSummary, summary_table
from schema.store.typed_rows import typed_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schema.runs.session_links import KnownRun, RunKey
    from schema.store.store import Store

_LOGGED: Final = f"""
SELECT trace_id, if({IS_STAMPED}, toString(team), '') AS speaker,
       toUnixTimestamp64Nano(toDateTime64(max(inserted_at), 9)) AS last
FROM logs WHERE trace_id IN {{traces:Array(String)}}
GROUP BY trace_id, speaker
"""  # noqa: S608 - our own words
_ROWS: Final = (
    "SELECT * FROM runs WHERE trace_id IN {traces:Array(String)} ORDER BY updated_at DESC LIMIT 1 BY trace_id, team"
)


def unchanged(store: Store, runs: Mapping[RunKey, RunSummary], known: Mapping[RunKey, KnownRun]) -> list[RunKey]:
    """Return the runs that are stored like this already and got no log record since they were written.

    They are not written again: spans of another team in the same trace are no news of this run.
    """
    if not runs:
        return []
    traces = {"traces": sorted({trace for trace, _ in runs})}
    logged = {(row["trace_id"], row["speaker"]): row["last"] for row in store.query(_LOGGED, traces).to_pylist()}
    old = {
        key: run
        for key, run in runs.items()
        if max(logged.get(key, 0), logged.get((key[0], ""), 0)) <= known[key].version
    }
    if not old:
        return []
    stored = {run.key: run for run in _comparable(store.query(_ROWS, traces))}
    return [run.key for run in _comparable(summary_table(list(old.values()))) if run == stored[run.key]]


def row_without_spans(run: KnownRun, now: int) -> pa.Table:
    """Return the row that removes a run after its spans went to other teams: it keeps no text of theirs."""
    empty = {field.name: _empty(field.type) for field in RUN_SCHEMA}
    row = {"trace_id": run.trace_id, "team": run.team, "retain_until": run.retain_until, "is_deleted": 1}
    return pa.Table.from_pylist([empty | row | {"updated_at": max(now, run.version + 1)}], schema=RUN_SCHEMA)


def _empty(kind: pa.DataType) -> object:
    if pa.types.is_decimal(kind):
        return None
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        return []
    return "" if pa.types.is_string(kind) else False if pa.types.is_boolean(kind) else 0


def _comparable(runs: pa.Table) -> Iterator[RunSummary]:
    """Yield the runs of a table with values that compare equal for equal columns; findings are sorted."""
    runs = runs.select(SUMMARY_SCHEMA.names).cast(SUMMARY_SCHEMA)
    start = runs.column("start_time").cast(pa.int64())  # Python's datetime has no nanoseconds
    runs = runs.set_column(runs.schema.get_field_index("start_time"), "start_time", start)
    for run in typed_rows(runs, RunSummary):
        yield run._replace(findings=sorted(run.findings))
