"""OTLP requests for tests, written as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.pricing.prices import Prices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.span import Span

TRACE = bytes(range(16))
START = 1_795_325_000_000_000_000  # 2026-11-22
PRICES = Prices()
LLM: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1840,
    "gen_ai.usage.output_tokens": 96,
    "gen_ai.usage.cache_read.input_tokens": 1024,
}
OI_LLM: dict[str, Any] = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-4o-mini",
    "llm.token_count.prompt": 1840,
    "llm.token_count.completion": 96,
    "llm.token_count.prompt_details.cache_read": 1024,
}
"""One model call, in the conventions of OpenTelemetry and of OpenInference."""


def any_value(value: object) -> AnyValue:
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, (list, tuple)):
        return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
    fields = {str: "string_value", int: "int_value", float: "double_value", bytes: "bytes_value"}
    return AnyValue(**{fields[type(value)]: value})


def key_values(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def request(*spans: dict[str, Any], resource: dict[str, Any] | None = None) -> ExportTraceServiceRequest:
    """A request of spans: `id` and `parent` are small numbers, `attributes` and `events` plain values."""
    built = ExportTraceServiceRequest()
    resource_spans = built.resource_spans.add()
    resource_spans.resource.attributes.extend(key_values(resource or {}))
    for number, given in enumerate(spans, 1):
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.scope.name = given.get("scope", "my-app")
        span = scope_spans.spans.add(
            trace_id=given.get("trace", TRACE),
            span_id=span_id(given.get("id", number)),
            name=given.get("name", "a span"),
            start_time_unix_nano=given.get("start", START),
            end_time_unix_nano=given.get("end", START + 1_000),
            dropped_attributes_count=given.get("dropped", 0),
        )
        if given.get("parent"):
            span.parent_span_id = span_id(given["parent"])
        span.status.code = given.get("status", 0)
        span.status.message = given.get("message", "")
        span.attributes.extend(key_values(given.get("attributes", {})))
        for name, attributes in given.get("events", ()):
            span.events.add(name=name, time_unix_nano=START, attributes=key_values(attributes))
        for link in given.get("links", ()):
            span.links.add(trace_id=TRACE, span_id=span_id(link))
    return built


def span_id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def spans_of(
    *spans: dict[str, Any], resource: dict[str, Any] | None = None, policy: Policy | None = None
) -> list[Span]:
    return normalise(request(*spans, resource=resource), received_at=START, policy=policy or Policy(), prices=PRICES)


def span_with(attributes: dict[str, Any], **given: object) -> Span:
    return spans_of({"attributes": attributes, **given})[0]


def alone(body: ExportTraceServiceRequest) -> list[ExportTraceServiceRequest]:
    """Return a request for each span of a request."""
    found = []
    for resource_spans in body.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                single = ExportTraceServiceRequest()
                envelope = single.resource_spans.add(resource=resource_spans.resource).scope_spans
                envelope.add(scope=scope_spans.scope, spans=[span])
                found.append(single)
    return found


def together(bodies: Iterable[ExportTraceServiceRequest]) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest(resource_spans=[each for body in bodies for each in body.resource_spans])
