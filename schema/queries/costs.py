"""What did it cost, and who pays?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from schema import copies

if TYPE_CHECKING:
    import pyarrow as pa

    from schema.queries.filters import Filter
    from schema.queries.scope import Scope
    from schema.store.store import Store

_BUCKETS: Final = (  # the longest range that a bucket is used for, in hours, and the bucket in seconds
    (2, 60),
    (12, 600),
    (3 * 24, 3600),
    (14 * 24, 6 * 3600),
)
_DAY: Final = 86400

# Only the calls that their run counts, so that the models add up to the teams.
_BY_MODEL: Final = f"""
SELECT toString(if(call.canonical_model = '', call.model, call.canonical_model)) AS label,
       sumOrNull(call.cost_usd) AS cost_usd,
       countIf(call.cost_usd IS NULL) AS unpriced_calls, countIf(call.kind NOT IN ('agent', 'workflow')) AS model_calls,
       uniqExact(call.trace_id) AS runs,
       sumOrNull(call.input_tokens) AS input_tokens, sumOrNull(call.output_tokens) AS output_tokens,
       sumOrNull(call.cached_input_tokens) AS cached_input_tokens
FROM ({
    copies.spans(
        "trace_id, kind, model, canonical_model, status, unpriced_reason, cost_usd, input_tokens, output_tokens,"
        " cached_input_tokens",
        "(trace_id, team, span_id) IN (SELECT trace_id, team, arrayJoin(call_span_ids) FROM runs FINAL WHERE {where})",
    )
}) AS call
WHERE (call.kind IN ('agent', 'workflow') OR call.kind IN ('llm', 'embedding') AND call.status != 'error')
  AND NOT startsWith(call.unpriced_reason, 'counted ')
GROUP BY label ORDER BY cost_usd DESC NULLS LAST, label
"""


def bucket_seconds(chosen: Filter) -> int:
    """Return the width of a bar for this range: some 50 to 120 bars."""
    hours = (chosen.end - chosen.start).total_seconds() / 3600
    return next((width for longest, width in _BUCKETS if hours <= longest), _DAY)


def over_time(store: Store, scope: Scope, chosen: Filter, *, by: Literal["team", "workflow"]) -> pa.Table:
    """Return bucket (start of the bar, UTC), label, cost_usd (NULL: nothing priced), unpriced_calls, runs."""
    where, bound = chosen.within(scope)
    return store.query(
        f"SELECT toDateTime64(toStartOfInterval(start_time, INTERVAL {bucket_seconds(chosen)} SECOND, 'UTC'), 0, 'UTC')"
        " AS bucket,"
        f" toString({by}) AS label, sumOrNull(cost_usd) AS cost_usd, sum(unpriced_calls) AS unpriced_calls,"
        f" count() AS runs FROM runs FINAL WHERE {where} GROUP BY bucket, label ORDER BY bucket, label",
        bound,
    )


def by_group(store: Store, scope: Scope, chosen: Filter, *, by: Literal["team", "workflow", "model"]) -> pa.Table:
    """Return label, cost_usd (NULL: nothing priced), unpriced_calls, model_calls, runs and tokens, dearest first.

    Teams and workflows have unpriced_reasons too, a map from a reason to the number of its calls.
    """
    where, bound = chosen.within(scope)
    if by == "model":
        return store.query(_BY_MODEL.format(where=where), bound)
    return store.query(
        f"SELECT toString({by}) AS label, sumOrNull(cost_usd) AS cost_usd, sum(unpriced_calls) AS unpriced_calls,"
        " sumMap(unpriced_reasons) AS unpriced_reasons,"
        " sum(model_calls) AS model_calls, count() AS runs, sumOrNull(input_tokens) AS input_tokens,"
        " sumOrNull(output_tokens) AS output_tokens, sumOrNull(cached_input_tokens) AS cached_input_tokens"
        f" FROM runs FINAL WHERE {where} GROUP BY label ORDER BY cost_usd DESC NULLS LAST, label",
        bound,
    )
