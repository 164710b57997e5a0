"""Cost and tokens of a request's spans: on the innermost span of each call, else on the agent that reports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.pricing import reasons
from schema.pricing.prices import Priced
from schema.pricing.real_calls import FRAME_KINDS, MODEL_KINDS, Call, model_calls
from schema.pricing.usage import TOKEN_COLUMNS, Usage
from schema.shared_ids import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schema.pricing.prices import Prices
    from schema.span import RunSpan, Span


def charge(spans: Iterable[Span], prices: Prices) -> None:
    """Price the real model calls of a request; wrappers that repeat one lose their token counts and cost.

    The spans have their teams already: spans of one team do not affect the calls of another. What an agent or
    workflow reports is kept apart until its run is computed (schema/runs/frames.py).
    """
    runs: dict[tuple[str, str], list[Span]] = {}
    calling = set()
    for span in spans:
        run = span.trace_id, span.team
        runs.setdefault(run, []).append(span)
        if span.kind in MODEL_KINDS:
            calling.add(run)
        elif span.kind in FRAME_KINDS and (span.usage_units or span.reported_cost_usd is not None):
            span.unpriced_reason = reasons.COUNTED_BELOW
    for run in calling:
        _charge_run(runs[run], prices)


def _charge_run(spans: Sequence[Span], prices: Prices) -> None:
    keys = keys_of(spans)
    parents = dict(keys)
    models = [(span, call_of(span, *key)) for span, key in zip(spans, keys, strict=True) if span.kind in MODEL_KINDS]
    real = model_calls((call for _, call in models), parents)
    for span, call in models:
        if call.span_id in real:
            span.cost_usd, span.cost_source, span.unpriced_reason = price_of(span, prices)
        else:
            _clear(span)
            span.unpriced_reason = reasons.COUNTED_BELOW if call.known else ""


def calls_of(spans: Sequence[RunSpan]) -> list[Call]:
    """Return what decides which spans of a run are real calls, under keys that tell spans of one id apart."""
    return [call_of(span, *key) for span, key in zip(spans, keys_of(spans), strict=True)]


def call_of(span: Span | RunSpan, key: str, parent_key: str) -> Call:
    """Return the columns that decide whether a span is a real call; keys are those of `schema.shared_ids`."""
    usage = span.input_tokens is not None or span.output_tokens is not None
    return Call(
        key,
        parent_key,
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
    units = span.usage_units
    if span.kind in FRAME_KINDS:  # it keeps its tokens there too (schema/runs/frames.py)
        units = {unit: number for unit, number in units.items() if unit not in TOKEN_COLUMNS}
    usage = Usage(
        span.input_tokens,
        span.output_tokens,
        span.cached_input_tokens,
        span.cache_write_tokens,
        span.reasoning_tokens,
        units,
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
