"""Cost and tokens of a request's spans, on the innermost span of each model call only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.pricing.prices import Priced
from schema.pricing.real_calls import MODEL_KINDS, Call, model_calls
from schema.pricing.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.pricing.prices import Prices
    from schema.span import RunSpan, Span


def charge(spans: Iterable[Span], prices: Prices) -> None:
    """Price the real model calls of a request; wrappers that repeat one lose their token counts and cost.

    The spans have their teams already: spans of one team do not affect the calls of another.
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
    for run, models in calls.items():
        if models:
            real = model_calls(map(call_of, models), parents[run])
            for span in models:
                if span.span_id in real:
                    priced = price_of(span, prices)
                    span.cost_usd, span.cost_source = priced.cost_usd, priced.source
                else:
                    _clear(span)


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
    )


def price_of(span: Span, prices: Prices) -> Priced:
    """Return the cost of a model call: by our prices, else as its sender reported it."""
    usage = Usage(
        span.input_tokens,
        span.output_tokens,
        span.cached_input_tokens,
        span.cache_write_tokens,
        span.reasoning_tokens,
    )
    priced = prices.price(span.provider, span.model, usage, span.start_time, span.duration_ns)
    if priced.cost_usd is None and span.reported_cost_usd is not None:
        return Priced(span.reported_cost_usd, "sender")
    return priced


def _clear(span: Span) -> None:
    for column in Usage._fields:
        setattr(span, column, None)
    span.reported_cost_usd = None
