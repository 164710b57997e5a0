"""The stored spans of one source, in the fields of the ground truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from schema.pricing.charge import call_of
from schema.pricing.real_calls import model_calls, tool_calls
from schema.runs.outcome import ended_in_error
from schema.span import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.span import Span

_SUMS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_input_tokens": "cached_input_tokens",
    "cache_write_tokens": "cache_write_input_tokens",
    "reasoning_tokens": "reasoning_tokens",
}


def observe(spans: Iterable[Span]) -> dict[str, Any]:
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace_id].append(span)
    observed = {trace_id: _trace(members) for trace_id, members in traces.items()}
    return {"total": _total(list(observed.values())), "traces": observed}


def _trace(spans: list[Span]) -> dict[str, Any]:
    ids = {span.span_id for span in spans}
    calls = [call_of(span, span.span_id, span.parent_span_id) for span in spans]
    parents = {span.span_id: span.parent_span_id for span in spans}
    real, tools = model_calls(calls, parents), tool_calls(calls, parents)
    tops = [span for span in spans if span.parent_span_id not in ids]
    called = [span for span in spans if span.span_id in real]
    answered = [span for span in called if span.status != "error"]
    used = [span for span in spans if span.span_id in tools]
    first = min(tops or spans, key=lambda span: span.start_time)
    counted = [span for span in answered if span.input_tokens is not None]
    return {
        "spans": len(spans),
        "traces": 1,
        "roots": sum(not span.parent_span_id for span in spans),
        "orphans": sum(bool(span.parent_span_id) for span in tops),
        "model_calls": len(answered),
        "model_calls_failed": len(called) - len(answered),
        "model_calls_with_usage": len(counted),
        "embedding_calls": sum(span.kind == "embedding" for span in answered),
        **{name: sum(getattr(span, column) or 0 for span in spans) for column, name in _SUMS.items()},
        "models": sorted({span.model for span in called if span.model}),
        "providers": sorted({span.provider for span in called if span.provider}),
        "tools": dict(Counter(span.tool_name for span in used)),
        "tool_errors": sum(span.status == "error" for span in used),
        "errors": int(ended_in_error(spans)),
        "awaiting_approval": sum(span.approval_status == "requested" for span in spans),
        "sessions": sorted({span.session_id for span in spans} - {""}),
        "users": sorted({span.user_id for span in spans} - {""}),
        "team": first.team if first.team != UNASSIGNED else None,
        "workflow": first.workflow if first.workflow != UNASSIGNED else None,
        "service": first.service_name,
        "declared_cost_usd": _money(spans),
    }


def _money(spans: list[Span]) -> float | None:
    declared = [span.reported_cost_usd for span in spans if span.reported_cost_usd is not None]
    return float(sum(declared)) if declared else None


def _total(traces: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for name, value in traces[0].items():
        values = [trace[name] for trace in traces]
        if name in {"team", "workflow", "service"}:
            distinct = sorted({each for each in values if each})
            total[name] = distinct[0] if len(distinct) == 1 else distinct or None
        elif isinstance(value, list):
            total[name] = sorted({item for each in values for item in each})
        elif isinstance(value, dict):
            total[name] = dict(sum((Counter(each) for each in values), Counter()))
        else:
            known = [each for each in values if each is not None]
            total[name] = sum(known) if known else None
    return total
