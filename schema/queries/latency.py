"""How slow is it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from schema import copies

if TYPE_CHECKING:
    import pyarrow as pa

    from schema.queries.filters import Filter
    from schema.queries.scope import Scope
    from schema.store.store import Store

_QUANTILES: Final = (
    "count() AS count, countIf(failed) AS errors, quantileExactOrNull(0.5)(nullIf(duration_ns, 0)) AS p50_ns,"
    " quantileExactOrNull(0.95)(nullIf(duration_ns, 0)) AS p95_ns,"
    " quantileExactOrNull(0.99)(nullIf(duration_ns, 0)) AS p99_ns"
)
_RUNS: Final = "SELECT workflow AS label, duration_ns, error AS failed FROM runs FINAL WHERE {where}"
_COPIES: Final = copies.spans(
    "kind, name, tool_name, model, duration_ns, status",
    "(trace_id, team) IN (SELECT trace_id, team FROM runs FINAL WHERE {where})",
)
_SPANS: Final = (
    f"SELECT {{label}} AS label, duration_ns, status = 'error' AS failed FROM ({_COPIES}) WHERE {{condition}}"
)
_SOURCES: Final = {
    "workflow": _RUNS,
    "tool": _SPANS.replace("{label}", "if(tool_name = '', name, tool_name)").replace("{condition}", "kind = 'tool'"),
    "model": _SPANS.replace("{label}", "model").replace("{condition}", "kind IN ('llm', 'embedding') AND model != ''"),
}


def percentiles(store: Store, scope: Scope, chosen: Filter, *, by: Literal["workflow", "tool", "model"]) -> pa.Table:
    """Return label, count, errors, p50_ns, p95_ns and p99_ns (exact; null: no duration is known), slowest p95 first.

    A workflow's durations are those of its runs; a tool's and a model's are those of the spans in the chosen runs.
    """
    where, bound = chosen.within(scope)
    source = _SOURCES[by].replace("{where}", where)
    return store.query(
        f"SELECT toString(label) AS label, {_QUANTILES} FROM ({source}) GROUP BY label"
        " ORDER BY p95_ns DESC NULLS LAST, label",
        bound,
    )
