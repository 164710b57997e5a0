"""Which runs belong together, and what do they add up to?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    import pyarrow as pa

    from schema.queries.scope import Scope
    from schema.store.store import Store

# The candidates come by the index, which also finds versions that no longer hold (schema/runs/session_links.py).
_MEMBERS: Final = (
    "FROM (SELECT * FROM runs WHERE team = {team:String}"
    " AND trace_id IN (SELECT trace_id FROM runs WHERE first_trace_id = {first:String} AND team = {team:String})"
    " ORDER BY updated_at DESC LIMIT 1 BY trace_id) AS run"
    " WHERE first_trace_id = {first:String} AND NOT is_deleted AND {scope}"
)
_ROWS: Final = (
    "SELECT trace_id, toString(run.team) AS team, toString(workflow) AS workflow, root_name, start_time, duration_ns,"
    " toString(outcome) AS outcome, error, complete, closed, cost_usd,"
    " unpriced_calls, model_calls, tool_calls, input_preview"
    f" {_MEMBERS} ORDER BY run.start_time, trace_id LIMIT {{limit:UInt32}}"
)
_TOTALS: Final = (
    "SELECT count() AS runs, countIf(error) AS errors, sumOrNull(cost_usd) AS cost_usd,"
    " sum(unpriced_calls) AS unpriced_calls, sumOrNull(input_tokens) AS input_tokens,"
    " sumOrNull(output_tokens) AS output_tokens,"
    " toDateTime64(minOrNull(run.start_time), 6, 'UTC') AS start_time,"
    " fromUnixTimestamp64Micro(intDiv(maxOrNull(toUnixTimestamp64Nano(run.start_time) + toInt64(duration_ns)), 1000),"
    f" 'UTC') AS end {_MEMBERS}"
)


@dataclass(frozen=True, slots=True)
class Session:
    """Runs that are connected by their session or by span links; docs/schema.md says how (`first_trace_id`).

    The totals are those of all runs, `rows` are the first `limit` of them. None: nothing is known; `start_time` and
    `end` (the last end of a run) are aware, and None only where the store holds no run of it.
    """

    rows: pa.Table
    runs: int
    errors: int
    cost_usd: Decimal | None
    unpriced_calls: int
    input_tokens: int | None
    output_tokens: int | None
    start_time: datetime | None
    end: datetime | None


def load_session(store: Store, scope: Scope, first_trace_id: str, team: str, *, limit: int) -> Session:
    """Return the session of this team that this `first_trace_id` names.

    Its rows, oldest first: trace_id, team, workflow, root_name, start_time, duration_ns, outcome, error, complete,
    cost_usd, unpriced_calls, model_calls, tool_calls, input_preview.
    """
    first = {"first": first_trace_id, "team": team} | scope.parameters
    rows = store.query(_ROWS.replace("{scope}", scope.where), first | {"limit": limit})
    return Session(rows, **store.query(_TOTALS.replace("{scope}", scope.where), first).to_pylist()[0])
