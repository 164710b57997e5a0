"""Versions of a run that need not be written, and the one that takes a run away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema.runs.record_teams import IS_STAMPED
from schema.runs.rows import RUN_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.runs.session_links import Known, RunKey
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
_NOT_COMPUTED: Final = ("first_trace_id", "closed", "updated_at")  # what only the table knows of a run


def unchanged(store: Store, rows: Mapping[RunKey, dict[str, Any]], known: Mapping[RunKey, Known]) -> list[RunKey]:
    """Return which of these computed runs are as the table has them, where no log record came since then either.

    They are not written again: another team's spans in the trace must not make a run look as if something came for it.
    """
    if not rows:
        return []
    traces = {"traces": sorted({trace for trace, _ in rows})}
    logged = {(row["trace_id"], row["speaker"]): row["last"] for row in store.query(_LOGGED, traces).to_pylist()}
    old = {
        key: row
        for key, row in rows.items()
        if max(logged.get(key, 0), logged.get((key[0], ""), 0)) <= known[key].version
    }
    if not old:
        return []
    stored = _by_key(store.query(_ROWS, traces).select(RUN_SCHEMA.names).cast(RUN_SCHEMA))
    blank = dict.fromkeys(_NOT_COMPUTED)
    computed = _by_key(pa.Table.from_pylist([row | blank for row in old.values()], schema=RUN_SCHEMA))
    return [key for key, row in computed.items() if row == stored[key]]


def run_without_spans(run: Known, now: int) -> pa.Table:
    """Return the row that takes a run away, as its spans are of other teams now: it keeps no word of them."""
    empty = {field.name: _empty(field.type) for field in RUN_SCHEMA}
    row = {"trace_id": run.trace_id, "team": run.team, "retain_until": run.retain_until, "is_deleted": 1}
    return pa.Table.from_pylist([empty | row | {"updated_at": max(now, run.version + 1)}], schema=RUN_SCHEMA)


def _empty(kind: pa.DataType) -> object:
    if pa.types.is_decimal(kind):
        return None
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        return []
    return "" if pa.types.is_string(kind) else False if pa.types.is_boolean(kind) else 0


def _by_key(runs: pa.Table) -> dict[RunKey, dict[str, Any]]:
    start = runs.column("start_time").cast(pa.int64())  # Python's datetime has no nanoseconds
    plain = runs.drop_columns([*_NOT_COMPUTED, "start_time"]).append_column("start_ns", start)
    return {(row["trace_id"], row["team"]): row | {"findings": dict(row["findings"])} for row in plain.to_pylist()}
