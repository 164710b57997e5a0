"""What did log records say about a run?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schema.runs.record_teams import RESOURCE_TEAM, SPEAKS_OF
from schema.span import PLACED_AT

if TYPE_CHECKING:
    import pyarrow as pa

    from schema.queries.scope import Scope
    from schema.store.store import Store

# A request that was sent twice left its records twice.
_RECORDS: Final = f"""
SELECT DISTINCT time, event_name, severity, body, attributes, span_id, scope_name, service_name
FROM logs
WHERE trace_id = {{trace:String}} AND {{scope}} AND {SPEAKS_OF} AND {{which}}
"""
_OF_RUN: Final = "FROM spans WHERE trace_id = {trace:String} AND team = {team:String}"
_SPANS: Final = f"(SELECT span_id {_OF_RUN})"
_START: Final = (
    f"(SELECT argMinOrNull(toUnixTimestamp64Nano(start_time), ({PLACED_AT} != 'start', spans.start_time)) {_OF_RUN})"
)
_RESOURCES: Final = f"SELECT groupUniqArray({RESOURCE_TEAM}) AS teams {_OF_RUN}"


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some of the records, in the order in which they were written, and how many there are in all."""

    rows: pa.Table
    total: int


def span_logs(  # noqa: PLR0913 - which span, and which page
    store: Store, scope: Scope, trace_id: str, team: str, span_id: str, *, limit: int, offset: int = 0
) -> LogPage:
    """Return the log records that name this span of a team and may speak of it; see `loose_logs` for the columns."""
    run = _run(store, scope, trace_id, team) | {"span": span_id}
    return _page(store, scope, "span_id = {span:String}", run, limit, offset)


def loose_logs(  # noqa: PLR0913 - which run, and which page
    store: Store, scope: Scope, trace_id: str, team: str, *, limit: int, offset: int = 0
) -> LogPage:
    """Return the log records of the run that name no span, or one that is not stored.

    Columns: time (text, UTC, to the nanosecond), at_ns (from the start of the run; null where no span is stored),
    event_name, severity, body, attributes, span_id, scope_name, service_name.
    """
    return _page(store, scope, f"span_id NOT IN {_SPANS}", _run(store, scope, trace_id, team), limit, offset)


def count_span_logs(store: Store, scope: Scope, trace_id: str, team: str, span_id: str) -> int:
    """Return how many log records name this span of a team and may speak of it."""
    return _count(store, scope, "span_id = {span:String}", _run(store, scope, trace_id, team) | {"span": span_id})


def count_loose_logs(store: Store, scope: Scope, trace_id: str, team: str) -> int:
    """Return how many log records of the run name no span that is stored."""
    return _count(store, scope, f"span_id NOT IN {_SPANS}", _run(store, scope, trace_id, team))


def _run(store: Store, scope: Scope, trace_id: str, team: str) -> dict[str, Any]:
    """Return what the records of a run bind: SPEAKS_OF and the scope."""
    run = {"trace": trace_id, "team": team} | scope.parameters
    return run | {"resources": store.query(_RESOURCES, run).column("teams")[0].as_py()}


def _page(  # noqa: PLR0913, PLR0917 - which records, and which page
    store: Store, scope: Scope, which: str, bound: dict[str, Any], limit: int, offset: int
) -> LogPage:
    rows = store.query(
        f"SELECT * REPLACE (toString(time) AS time), toUnixTimestamp64Nano(record.time) - {_START} AS at_ns"
        f" FROM ({_records(scope, which)}) AS record"
        " ORDER BY record.time, toUInt64OrZero(attributes['event.sequence']), event_name, span_id, body"
        " LIMIT {limit:UInt32} OFFSET {offset:UInt64}",
        bound | {"limit": limit, "offset": offset},
    )
    return LogPage(rows, _count(store, scope, which, bound))


def _records(scope: Scope, which: str) -> str:
    return _RECORDS.replace("{scope}", scope.covers("{team:String}")).replace("{which}", which)


def _count(store: Store, scope: Scope, which: str, bound: dict[str, Any]) -> int:
    counted = store.query(f"SELECT count() AS total FROM ({_records(scope, which)})", bound)
    total: int = counted.column("total")[0].as_py()
    return total
