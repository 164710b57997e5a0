"""Close runs without a root after some time in which no span of them came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from schema.runs.rows import next_version, with_column

if TYPE_CHECKING:
    from datetime import timedelta

    from schema.store.store import Store

_RUNS_A_PASS: Final = 500
# A run is written after its last span came, so recently written runs are no candidates.
_BEFORE: Final = "now64(9) - toIntervalSecond({silence:UInt32})"
_CANDIDATES: Final = (
    "SELECT DISTINCT trace_id FROM (SELECT trace_id, team FROM runs"  # noqa: S608 - our own text
    f" WHERE (trace_id, team) IN (SELECT trace_id, team FROM runs WHERE NOT closed AND updated_at < {_BEFORE})"
    f" GROUP BY trace_id, team HAVING NOT argMax(closed OR is_deleted, updated_at) AND max(updated_at) < {_BEFORE})"
    " ORDER BY trace_id"
)
_SILENT: Final = (
    "SELECT * FROM runs FINAL WHERE trace_id IN {traces:Array(String)} AND NOT closed"  # noqa: S608 - our own text
    f" AND updated_at < {_BEFORE} AND (trace_id, team) NOT IN ("
    f"SELECT trace_id, team FROM spans WHERE trace_id IN {{traces:Array(String)}} AND inserted_at >= {_BEFORE})"
)


def close_silent(store: Store, silence: timedelta) -> int:
    """Close the runs of which no span was stored for `silence` (full seconds); return how many. Raises StoreError.

    Nothing else of them changes: the columns that a root would fill stay unknown. A later span opens its run again
    (schema.runs.recompute).
    """
    seconds = int(silence.total_seconds())
    traces: list[str] = store.query(_CANDIDATES, {"silence": seconds}).column("trace_id").to_pylist()
    closed = 0
    for first in range(0, len(traces), _RUNS_A_PASS):
        some = traces[first : first + _RUNS_A_PASS]
        with store.writing_runs:
            rows = store.query(_SILENT, {"traces": some, "silence": seconds})
            if rows.num_rows:
                rows = next_version(with_column(rows, "closed", pa.array([True] * rows.num_rows, pa.bool_())))
                version = rows.column("updated_at")[0].value
                store.insert("runs", rows, token=f"closed-{version}-{some[0]}-{rows.num_rows}")
        closed += rows.num_rows
    return closed
