"""The first thing that happens to a request: every text in it is redacted in place, before other code sees it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from collector.fields import is_structured
from collector.owners import NOBODY, Owners, shared
from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    from redaction.teams import TeamRedactor, Whose

Findings = dict[str, int]
"""Entity to how many of it were replaced."""


_MOST_CLEARED = 10_000  # senders choose keys: the memory that they take is bounded


class _Record(NamedTuple):
    """A span, log record or metric: which one of the request it is, and whose texts are in it.

    In keys that are `cleared` there is nothing to find; most keys come with every span.
    """

    number: int
    whose: Whose
    cleared: set[str]


@dataclass(slots=True)
class _Place:
    """One text in the request, and the record that its findings are counted for."""

    owner: _Record
    holder: Any
    field: str
    text: Text


def redact_traces(
    request: ExportTraceServiceRequest, redactor: TeamRedactor, team_keys: Sequence[str]
) -> list[Findings]:
    """Redact the request in place; return the findings of each span, in request order."""
    return _redact(_trace_places(request, redactor, _owners(redactor, team_keys)), redactor)


def redact_logs(request: ExportLogsServiceRequest, redactor: TeamRedactor, team_keys: Sequence[str]) -> list[Findings]:
    """Redact the request in place; return the findings of each log record, in request order."""
    return _redact(_log_places(request, redactor, _owners(redactor, team_keys)), redactor)


def redact_metrics(
    request: ExportMetricsServiceRequest, redactor: TeamRedactor, team_keys: Sequence[str]
) -> list[Findings]:
    """Redact the request in place; return the findings of each metric, in request order."""
    return _redact(_metric_places(request, redactor, _owners(redactor, team_keys)), redactor)


def _redact(places: Iterable[_Place | _Record], redactor: TeamRedactor) -> list[Findings]:
    found: list[Counter[str]] = []
    texts: list[_Place] = []
    for place in places:
        if isinstance(place, _Record):  # a record begins; what comes before the first one belongs to it
            found.append(Counter())
        else:
            texts.append(place)
    answers = redactor.redact_many([place.text for place in texts], [place.owner.whose for place in texts])
    for place, redacted in zip(texts, answers, strict=True):
        if redacted.findings:
            if place.owner.number < len(found):
                found[place.owner.number].update(finding.entity for finding in redacted.findings)
            setattr(place.holder, place.field, redacted.text)
        elif place.field == "key" and len(place.owner.cleared) < _MOST_CLEARED:
            place.owner.cleared.add(redacted.text)
    return [dict(counter) for counter in found]


def _record(number: int, whose: Whose, redactor: TeamRedactor) -> _Record:
    return _Record(number, whose, redactor.cleared(whose))


def _owners(redactor: TeamRedactor, team_keys: Sequence[str]) -> Owners | None:
    return Owners(team_keys) if redactor.rulebook.asks_who else None


def _trace_places(
    request: ExportTraceServiceRequest, redactor: TeamRedactor, owners: Owners | None
) -> Iterator[_Place | _Record]:
    index = 0
    known = owners.by_id(request.resource_spans) if owners else {}
    for resource_spans in request.resource_spans:
        whose = owners.of_spans(resource_spans, known) if owners else None
        around = _record(index, shared(whose) if whose else NOBODY, redactor)
        yield from _envelope(resource_spans, around)
        first = index
        for scope_spans in resource_spans.scope_spans:
            yield from _scope(scope_spans, around)
            for span in scope_spans.spans:
                owner = _record(index, whose[index - first] if whose else NOBODY, redactor)
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
                index += 1


def _log_places(
    request: ExportLogsServiceRequest, redactor: TeamRedactor, owners: Owners | None
) -> Iterator[_Place | _Record]:
    index = 0
    for resource_logs in request.resource_logs:
        resource = resource_logs.resource
        records = [record for scope in resource_logs.scope_logs for record in scope.log_records]
        whose = [owners.of_record(resource, one.attributes, one.trace_id) for one in records] if owners else None
        around = _record(index, shared(whose) if whose else NOBODY, redactor)
        yield from _envelope(resource_logs, around)
        first = index
        for scope_logs in resource_logs.scope_logs:
            yield from _scope(scope_logs, around)
            for record in scope_logs.log_records:
                owner = _record(index, whose[index - first] if whose else NOBODY, redactor)
                yield owner
                yield from _plain(record, "severity_text", owner, structured=True)
                yield from _plain(record, "event_name", owner, structured=True)
                yield from _value(record.body, "body", owner)
                yield from _attributes(record.attributes, owner)
                index += 1


def _metric_places(
    request: ExportMetricsServiceRequest, redactor: TeamRedactor, owners: Owners | None
) -> Iterator[_Place | _Record]:
    index = 0
    for resource_metrics in request.resource_metrics:
        resource = resource_metrics.resource
        whose = owners.of_record(resource, ()) if owners else NOBODY
        yield from _envelope(resource_metrics, _record(index, whose, redactor))
        for scope_metrics in resource_metrics.scope_metrics:
            yield from _scope(scope_metrics, _record(index, whose, redactor))
            for metric in scope_metrics.metrics:
                owner = _record(index, whose, redactor)
                yield owner
                yield from _plain(metric, "name", owner, structured=True)
                yield from _plain(metric, "description", owner)
                yield from _plain(metric, "unit", owner, structured=True)
                yield from _attributes(metric.metadata, owner)
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points if kind else ():
                    named = owners.of_record(resource, point.attributes) if owners else whose
                    of_point = _record(index, named, redactor)
                    yield from _attributes(point.attributes, of_point)
                    for exemplar in getattr(point, "exemplars", ()):
                        yield from _attributes(exemplar.filtered_attributes, of_point)
                index += 1


def _envelope(holder: Any, owner: _Record) -> Iterator[_Place]:  # noqa: ANN401 - one of the three resource messages
    yield from _plain(holder, "schema_url", owner, structured=True)
    yield from _attributes(holder.resource.attributes, owner)


def _scope(holder: Any, owner: _Record) -> Iterator[_Place]:  # noqa: ANN401 - one of the three scope messages
    yield from _plain(holder, "schema_url", owner, structured=True)
    yield from _plain(holder.scope, "name", owner, structured=True)
    yield from _plain(holder.scope, "version", owner, structured=True)
    yield from _attributes(holder.scope.attributes, owner)


def _plain(holder: Any, field: str, owner: _Record, *, structured: bool = False) -> Iterator[_Place]:  # noqa: ANN401 - any protobuf message
    text = getattr(holder, field)
    if text:
        yield _Place(owner, holder, field, Text(text, "", structured))


def _attributes(attributes: Iterable[KeyValue], owner: _Record) -> Iterator[_Place]:
    for attribute in attributes:
        key, value = attribute.key, attribute.value
        if key not in owner.cleared:
            yield _Place(owner, attribute, "key", Text(key, "", True))  # noqa: FBT003 - twice as fast as by name
        text = value.string_value
        if text:  # a short way for the most frequent
            yield _Place(owner, value, "string_value", Text(text, key, is_structured(key, text)))
        else:
            yield from _value(value, key, owner)


def _text(value: str, key: str) -> Text:
    return Text(value, key, is_structured(key, value))


def _value(value: AnyValue, key: str, owner: _Record) -> Iterator[_Place]:
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
