"""An OTLP trace request, already redacted, as canonical spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.attributes import Plain, plain, text
from schema.charge import charge
from schema.columns import fill_columns
from schema.context import COLUMN_OF, Context, resolve, surroundings_of, values_of, words_of
from schema.dialects import DIALECTS
from schema.dialects.rules import scope_dialects
from schema.instants import LATEST, retained_until
from schema.plan import plans_for
from schema.reading import Reading, read
from schema.residue import fill_content
from schema.span import Span
from schema.span_events import NO_EVENTS, links_json, read_events

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

    from schema.context import Surroundings
    from schema.policy import Policy
    from schema.prices import Prices


def normalise(request: ExportTraceServiceRequest, *, received_at: int, policy: Policy, prices: Prices) -> list[Span]:
    """Return the spans of a request in its order.

    The request is already redacted; whatever its attributes hold, no error is raised: what is not understood stays in
    `attributes` as text. `received_at` is in ns since the epoch.
    """
    spans: list[Span] = []
    contexts: list[Context] = []
    keys = policy.attributes
    for resource_spans in request.resource_spans:
        resource = _resource(resource_spans.resource)
        stored = {key: text(value) for key, value in resource.items()}
        surroundings = surroundings_of(stored, keys)
        for scope_spans in resource_spans.scope_spans:
            scope = scope_spans.scope.name
            spoken = scope_dialects(scope)
            plans = plans_for(keys, spoken)
            for otlp in scope_spans.spans:
                reading = read(otlp.attributes, plans)
                span = _span(otlp, reading, scope, spoken)
                span.service_name = stored.get("service.name", "")
                span.resource_attributes = stored
                span.received_at = received_at
                spans.append(span)
                contexts.append(_context(span, reading, surroundings))
    charge(spans, prices)
    for span, context, values in zip(spans, contexts, resolve(contexts), strict=True):
        for column, value in values.items():
            setattr(span, COLUMN_OF[column], value)
        span.context = words_of(context)
        days = policy.retention.days_for(span.team, span.workflow)
        span.retain_until = retained_until(received_at, days)
    return spans


def _resource(resource: Resource) -> dict[str, Plain]:
    return {pair.key: plain(pair.value) for pair in resource.attributes}


def _context(span: Span, reading: Reading, surroundings: Surroundings) -> Context:
    trace = span.trace_id
    return Context(
        (trace, span.span_id),
        (trace, span.parent_span_id),
        values_of(reading.operator),
        values_of(reading.associated),
        values_of(reading.named),
        surroundings,
    )


def _span(otlp: OtlpSpan, reading: Reading, scope: str, spoken: tuple[int, ...]) -> Span:
    start, end = min(otlp.start_time_unix_nano, LATEST), min(otlp.end_time_unix_nano, LATEST)
    span = Span(
        trace_id=otlp.trace_id.hex(),
        span_id=otlp.span_id.hex(),
        parent_span_id=otlp.parent_span_id.hex(),
        name=otlp.name,
        start_time=start,
        duration_ns=max(end - start, 0),
        scope_name=scope,
        truncated=bool(otlp.dropped_attributes_count or otlp.dropped_events_count or otlp.dropped_links_count),
    )
    dialect = spoken[0] if spoken else reading.dialect
    span.dialect = DIALECTS[dialect].name if dialect < len(DIALECTS) else ""
    events = read_events(otlp) if otlp.events else NO_EVENTS
    fill_columns(
        span, otlp.status, reading, events, exceptions_are_errors=any(DIALECTS[i].exceptions_are_errors for i in spoken)
    )
    fill_content(span, reading, events)
    if otlp.links:
        span.links = links_json(otlp)
    return span
