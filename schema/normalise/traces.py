"""An OTLP trace request, already redacted, as canonical spans."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from schema.dialects import DIALECTS
from schema.dialects.rules import scope_dialects
from schema.normalise.columns import fill_columns
from schema.normalise.context import Context, resolve, surroundings_of, words_of
from schema.normalise.plan import plans_for
from schema.normalise.reading import read
from schema.normalise.unmapped import fill_content
from schema.otlp.attributes import MENDED
from schema.otlp.events import NO_EVENTS, links_json, read_events
from schema.otlp.ids import span_id_of
from schema.otlp.resource import text_map
from schema.otlp.timestamps import known, retained_until
from schema.pricing.charge import charge
from schema.span import START_TIME, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

    from schema.normalise.plan import Plans
    from schema.normalise.reading import Reading
    from schema.policy.policy import AttributeKeys, Policy, Retention
    from schema.pricing.prices import Prices

_NAMES = (*(dialect.name for dialect in DIALECTS), "")  # of dialects, by index; the last is none in particular
_SPAN_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}  # by OTLP's number


class _Scope(NamedTuple):
    """What all spans of an instrumentation scope share."""

    name: str
    plans: Plans
    dialect: str  # "" if its name is none of a dialect
    exceptions_are_errors: bool


def normalise(request: ExportTraceServiceRequest, *, received_at: int, policy: Policy, prices: Prices) -> list[Span]:
    """Return the spans of a request in its order.

    The request is already redacted. No attribute raises an error: one that no rule reads stays in `attributes` as
    text. `received_at` is in ns since the epoch.
    """
    spans: list[Span] = []
    contexts: list[Context] = []
    for resource_spans in request.resource_spans:
        resource = text_map(resource_spans.resource.attributes)
        service = resource.get("service.name", "")
        around = surroundings_of(resource, policy.attributes)
        for scope_spans in resource_spans.scope_spans:
            scope = _scope(scope_spans.scope.name, policy.attributes)
            for otlp in scope_spans.spans:
                reading = read(otlp.attributes, scope.plans)
                span = _span(otlp, reading, scope, received_at)
                trace = span.trace_id
                context = Context((trace, span.span_id), (trace, span.parent_span_id), reading.words, around)
                span.service_name = service
                span.resource_attributes = resource
                span.context = words_of(context)
                span.received_at = received_at
                spans.append(span)
                contexts.append(context)
    _fill_context(spans, contexts, policy.retention)
    charge(spans, prices)  # after the teams are known: real calls are found among the spans of one team
    return spans


def _scope(name: str, keys: AttributeKeys) -> _Scope:
    dialects = scope_dialects(name)
    return _Scope(
        name,
        plans_for(keys, dialects),
        _NAMES[dialects[0]] if dialects else "",
        any(DIALECTS[dialect].exceptions_are_errors for dialect in dialects),
    )


def _span(otlp: OtlpSpan, reading: Reading, scope: _Scope, received_at: int) -> Span:
    start, end = known(otlp.start_time_unix_nano), known(otlp.end_time_unix_nano)
    span = Span(
        trace_id=otlp.trace_id.hex(),
        span_id=otlp.span_id.hex(),
        parent_span_id=span_id_of(otlp.parent_span_id),
        trace_state=otlp.trace_state,
        span_kind=_SPAN_KINDS.get(otlp.kind, ""),
        name=otlp.name,
        start_time=start or end or received_at,
        duration_ns=end - start if 0 < start < end else 0,
        scope_name=scope.name,
        dialect=scope.dialect or _NAMES[reading.plan.dialect],
        truncated=bool(otlp.dropped_attributes_count or otlp.dropped_events_count or otlp.dropped_links_count)
        or MENDED in reading.values,
    )
    events = read_events(otlp) if otlp.events else NO_EVENTS
    fill_columns(span, otlp.status, reading, events, exceptions_are_errors=scope.exceptions_are_errors)
    fill_content(span, reading, events)
    if otlp.links:
        span.links = links_json(otlp)
    if not start:
        span.attributes[START_TIME] = "unknown"
    return span


def _fill_context(spans: Sequence[Span], contexts: Sequence[Context], retention: Retention) -> None:
    """Fill team, workflow and the rest, and how long spans of that team and workflow are kept."""
    days = cache(retention.days_for)
    for span, values in zip(spans, resolve(contexts), strict=True):
        for column, value in values:
            setattr(span, column, value)
        span.retain_until = retained_until(span.received_at, days(span.team, span.workflow))
