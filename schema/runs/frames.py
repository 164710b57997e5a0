"""Agents and workflows with a report of their own that counts: nothing below them says what the calls cost.

A span of such a kind keeps the counts that it reports in `usage_units`, and its own count and cost columns empty,
because the calls below it often come in another request. When its run is computed and nothing below it carries any,
its columns are filled; if a call comes later after all, they are emptied again. So are those of a wrapper of a call
that came in another request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa

from schema import copies
from schema.pricing import reasons
from schema.pricing.charge import calls_of, price_of
from schema.pricing.real_calls import COSTED_KINDS, FRAME_KINDS, MODEL_KINDS, counted_frames, model_calls
from schema.pricing.usage import TOKEN_COLUMNS
from schema.span import RunSpan, Span
from schema.store.bulk_update import MONEY, update_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schema.pricing.prices import Prices
    from schema.store.store import Store

_REPORTED: Final = copies.spans(
    ", ".join(copies.IDENTITY) + ", kind, provider, model, toUnixTimestamp64Nano(start_time) AS start_time,"
    " duration_ns, status, usage_units, service_tier, reported_cost_usd",
    "trace_id IN {traces:Array(String)} AND span_id IN {ids:Array(String)}",
)
_COLUMNS: Final = (*TOKEN_COLUMNS, "cost_usd", "cost_source", "unpriced_reason")
_ASSIGNED: Final = {column: f"toUInt64OrNull({{{column}}})" for column in TOKEN_COLUMNS}


class _Change(NamedTuple):
    """A span with counts that begin to count, or no longer do."""

    span: RunSpan
    counts: bool


def settle_frames(store: Store, runs: Sequence[list[RunSpan]], prices: Prices) -> Sequence[list[RunSpan]]:
    """Return the spans of runs with the counts and costs of frames as they have to be, and write those that change."""
    changes = [change for run in runs for change in _changes(run)]
    if not changes:
        return runs
    settled = {_identity(span): span for span in _settled(store, changes, prices)}
    _write(store, list(settled.values()))
    return [[_as_settled(span, settled) if span.kind in COSTED_KINDS else span for span in run] for run in runs]


def _changes(run: Sequence[RunSpan]) -> Iterator[_Change]:
    """Yield the spans with counts or reasons that are not what the whole run says."""
    several = sum(span.kind in MODEL_KINDS for span in run) > 1
    if not several and not any(span.kind in FRAME_KINDS and _reports(span) for span in run):
        return
    calls = calls_of(run)
    parents = {call.span_id: call.parent_span_id for call in calls}
    real = model_calls(calls, parents)
    frames = counted_frames(calls, parents, real)
    for span, call in zip(run, calls, strict=True):
        below = span.unpriced_reason == reasons.COUNTED_BELOW
        if span.kind in FRAME_KINDS and call.carries and below == (call.span_id in frames):
            yield _Change(span, below)
        elif span.kind in MODEL_KINDS and call.known and call.span_id not in real and not below:
            yield _Change(span, counts=False)


def _reports(span: RunSpan) -> bool:
    return bool(span.unpriced_reason or span.reported_cost_usd is not None or span.cost_usd is not None)


def _settled(store: Store, changes: Sequence[_Change], prices: Prices) -> Iterator[Span]:
    """Yield the frames with the values of the columns that change."""
    counting = {_identity(change.span): change.counts for change in changes}
    bound = {
        "traces": sorted({change.span.trace_id for change in changes}),
        "ids": sorted({change.span.span_id for change in changes}),
    }
    for row in store.query(_REPORTED, bound).to_pylist():
        span = Span(**row | {"usage_units": dict(row["usage_units"])})
        counts = counting.get(_identity(span))
        if counts is None:
            continue
        if counts:
            for column in TOKEN_COLUMNS:
                setattr(span, column, span.usage_units.get(column))
            span.cost_usd, span.cost_source, span.unpriced_reason = price_of(span, prices)
        else:
            span.unpriced_reason = reasons.COUNTED_BELOW
        yield span


def _write(store: Store, spans: Sequence[Span]) -> None:
    new = {column: pa.array([str(getattr(span, column)) for span in spans], pa.string()) for column in copies.IDENTITY}
    for column in _COLUMNS:
        values = [getattr(span, column) for span in spans]
        if column == "cost_usd":
            new[column] = pa.array(values, MONEY)
        else:
            new[column] = pa.array(["" if value is None else str(value) for value in values], pa.string())
    update_spans(
        store,
        pa.table(new),
        {column: _ASSIGNED.get(column, f"{{{column}}}") for column in _COLUMNS},
        "trace_id IN {traces:Array(String)}",
        {"traces": sorted({span.trace_id for span in spans})},
    )


def _as_settled(span: RunSpan, settled: dict[tuple[str, ...], Span]) -> RunSpan:
    changed = settled.get(_identity(span))
    if changed is None:
        return span
    columns = {column: getattr(changed, column) for column in _COLUMNS if column in RunSpan._fields}
    return span._replace(**columns)


def _identity(span: Span | RunSpan) -> tuple[str, ...]:
    return tuple(str(getattr(span, column)) for column in copies.IDENTITY)
