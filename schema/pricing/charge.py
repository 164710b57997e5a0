"""Cost and tokens of a request's spans: on the innermost span of each call, else on the agent that reports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.pricing import reasons
from schema.pricing.prices import Priced
from schema.pricing.real_calls import FRAME_KINDS, MODEL_KINDS, Call, model_calls
from schema.pricing.usage import TOKEN_COLUMNS, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from schema.pricing.prices import Prices
    from schema.span import RunSpan, Span


def charge(spans: Iterable[Span], prices: Prices) -> None:
    """Price the real model calls of a request; wrappers that repeat one lose their token counts and cost.

    The spans have their teams already: spans of one team do not affect the calls of another. What an agent or
    workflow reports is kept apart until its run is computed (schema/runs/frames.py).
    """
    parents: dict[tuple[str, str], dict[str, str]] = {}
    calls: dict[tuple[str, str], list[Span]] = {}
    for span in spans:
        run = span.trace_id, span.team
        if run not in parents:
            parents[run], calls[run] = {}, []
        parents[run][span.span_id] = span.parent_span_id
        if span.kind in MODEL_KINDS:
            calls[run].append(span)
        elif span.kind in FRAME_KINDS and (span.usage_units or span.reported_cost_usd is not None):
            span.unpriced_reason = reasons.COUNTED_BELOW
    for run, members in calls.items():
        if members:
            _charge_run(members, parents[run], prices)


def _charge_run(spans: Sequence[Span], parents: Mapping[str, str], prices: Prices) -> None:
    calls = [call_of(span) for span in spans]
    real = model_calls(calls, parents)
    for span, call in zip(spans, calls, strict=True):
        if span.span_id in real:
            span.cost_usd, span.cost_source, span.unpriced_reason = price_of(span, prices)
        else:
            _clear(span)
            span.unpriced_reason = reasons.COUNTED_BELOW if call.known else ""


def call_of(span: Span | RunSpan) -> Call:
    """Return the columns that decide whether a span is a real call."""
    usage = span.input_tokens is not None or span.output_tokens is not None
    return Call(
        span.span_id,
        span.parent_span_id,
        span.kind,
        span.start_time,
        span.duration_ns,
        span.scope_name,
        bool(span.model or span.provider or usage or span.status == "error"),
        usage,
        span.response_id,
        span.tool_name,
        span.tool_call_id,
        span.status == "error",
        bool(span.input_tokens or span.output_tokens or span.reported_cost_usd or span.cost_usd)
        or (span.kind in FRAME_KINDS and span.unpriced_reason != ""),
    )


def price_of(span: Span, prices: Prices) -> Priced:
    """Return the cost of a span that counts: a call by our prices, else as its sender reported it.

    Of an agent or workflow the sender's own cost comes first: its counts may be those of its last turn only.
    """
    reported = span.reported_cost_usd
    if span.kind in FRAME_KINDS and reported is not None:
        return Priced(reported, "sender")
    usage = Usage(
        span.input_tokens,
        span.output_tokens,
        span.cached_input_tokens,
        span.cache_write_tokens,
        span.reasoning_tokens,
        span.usage_units,
    )
    priced = prices.price(span.provider, span.model, usage, span.start_time, span.duration_ns, tier=span.service_tier)
    if priced.cost_usd is not None:
        return priced
    if reported is not None:
        return Priced(reported, "sender")
    return priced._replace(reason=reasons.FAILED) if span.status == "error" else priced


def _clear(span: Span) -> None:
    for column in TOKEN_COLUMNS:
        setattr(span, column, None)
    span.usage_units = {}
    span.usage_note = ""
    span.reported_cost_usd = None
