"""The first thing that happens to a request: every text in it is redacted in place, before other code sees it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from collector.fields import is_structured
from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    from redaction.redactor import Redactor

Findings = dict[str, int]
"""Entity to how many of it were replaced."""


@dataclass(slots=True)
class _Place:
    """One text in the request, and the record (span, log record, metric) that its findings are counted for."""

    owner: int
    holder: Any
    field: str
    text: Text


def redact_traces(request: ExportTraceServiceRequest, redactor: Redactor) -> list[Findings]:
    """Redact the request in place; return the findings of each span, in request order."""
    return _redact(_trace_places(request), redactor)


def redact_logs(request: ExportLogsServiceRequest, redactor: Redactor) -> list[Findings]:
    """Redact the request in place; return the findings of each log record, in request order."""
    return _redact(_log_places(request), redactor)


def redact_metrics(request: ExportMetricsServiceRequest, redactor: Redactor) -> list[Findings]:
    """Redact the request in place; return the findings of each metric, in request order."""
    return _redact(_metric_places(request), redactor)


def _redact(places: Iterable[_Place | int], redactor: Redactor) -> list[Findings]:
    found: list[Counter[str]] = []
    texts: list[_Place] = []
    for place in places:
        if isinstance(place, int):  # a record begins; what comes before the first one belongs to it
            found.append(Counter())
        else:
            texts.append(place)
    for place, redacted in zip(texts, redactor.redact_many([place.text for place in texts]), strict=True):
        if redacted.findings:
            if place.owner < len(found):
                found[place.owner].update(finding.entity for finding in redacted.findings)
            setattr(place.holder, place.field, redacted.text)
    return [dict(counter) for counter in found]


def _trace_places(request: ExportTraceServiceRequest) -> Iterator[_Place | int]:
    owner = 0
    for resource_spans in request.resource_spans:
        yield from _envelope(resource_spans, owner)
        for scope_spans in resource_spans.scope_spans:
            yield from _scope(scope_spans, owner)
            for span in scope_spans.spans:
                yield owner
                yield from _plain(span, "name", owner)
                yield from _plain(span, "trace_state", owner, structured=True)
                yield from _plain(span.status, "message", owner)
                yield from _attributes(span.attributes, owner)
                for event in span.events:
                    yield from _plain(event, "name", owner)
                    yield from _attributes(event.attributes, owner)
                for link in span.links:
                    yield from _plain(link, "trace_state", owner, structured=True)
                    yield from _attributes(link.attributes, owner)
                owner += 1


def _log_places(request: ExportLogsServiceRequest) -> Iterator[_Place | int]:
    owner = 0
    for resource_logs in request.resource_logs:
        yield from _envelope(resource_logs, owner)
        for scope_logs in resource_logs.scope_logs:
            yield from _scope(scope_logs, owner)
            for record in scope_logs.log_records:
                yield owner
                yield from _plain(record, "severity_text", owner, structured=True)
                yield from _plain(record, "event_name", owner, structured=True)
                yield from _value(record.body, "body", owner)
                yield from _attributes(record.attributes, owner)
                owner += 1


def _metric_places(request: ExportMetricsServiceRequest) -> Iterator[_Place | int]:
    owner = 0
    for resource_metrics in request.resource_metrics:
        yield from _envelope(resource_metrics, owner)
        for scope_metrics in resource_metrics.scope_metrics:
            yield from _scope(scope_metrics, owner)
            for metric in scope_metrics.metrics:
                yield owner
                yield from _plain(metric, "name", owner, structured=True)
                yield from _plain(metric, "description", owner)
                yield from _plain(metric, "unit", owner, structured=True)
                yield from _attributes(metric.metadata, owner)
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points if kind else ():
                    yield from _attributes(point.attributes, owner)
                    for exemplar in getattr(point, "exemplars", ()):
                        yield from _attributes(exemplar.filtered_attributes, owner)
                owner += 1


def _envelope(holder: Any, owner: int) -> Iterator[_Place]:  # noqa: ANN401 - one of the three resource messages
    yield from _plain(holder, "schema_url", owner, structured=True)
    yield from _attributes(holder.resource.attributes, owner)


def _scope(holder: Any, owner: int) -> Iterator[_Place]:  # noqa: ANN401 - one of the three scope messages
    yield from _plain(holder, "schema_url", owner, structured=True)
    yield from _plain(holder.scope, "name", owner, structured=True)
    yield from _plain(holder.scope, "version", owner, structured=True)
    yield from _attributes(holder.scope.attributes, owner)


def _plain(holder: Any, field: str, owner: int, *, structured: bool = False) -> Iterator[_Place]:  # noqa: ANN401 - any protobuf message
    text = getattr(holder, field)
    if text:
        yield _Place(owner, holder, field, Text(text, "", structured))


def _attributes(attributes: Iterable[KeyValue], owner: int) -> Iterator[_Place]:
    for attribute in attributes:
        yield _Place(owner, attribute, "key", Text(attribute.key, "", structured=True))
        yield from _value(attribute.value, attribute.key, owner)


def _text(value: str, key: str) -> Text:
    return Text(value, key, is_structured(key, value))


def _value(value: AnyValue, key: str, owner: int) -> Iterator[_Place]:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        if value.string_value:
            yield _Place(owner, value, "string_value", _text(value.string_value, key))
    elif kind == "array_value":
        for item in value.array_value.values:
            yield from _value(item, key, owner)
    elif kind == "kvlist_value":
        for attribute in value.kvlist_value.values:
            yield _Place(owner, attribute, "key", Text(attribute.key, "", structured=True))
            yield from _value(attribute.value, f"{key}.{attribute.key}", owner)
    elif kind == "bytes_value":
        try:
            value.string_value = value.bytes_value.decode()
        except UnicodeDecodeError:  # binary cannot be read, so it cannot be proved clean
            value.string_value = f"<{len(value.bytes_value)} BYTES>"
        else:
            yield from _value(value, key, owner)
