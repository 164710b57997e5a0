"""The first step of the pipeline: redacts every text of a request in place, before any other code reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import repeat
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from collector.pipeline.structured_keys import is_structured
from collector.pipeline.text_owner import UNKNOWN_OWNER, OwnerFinder, shared
from redaction.anonymizer.operators import numbered
from redaction.recognizers.numbers import marks_numbers, written_out
from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    from redaction.teams import Cleared, Owner, TeamRedactor

Findings = dict[str, int]
"""Number of replaced findings by entity."""


_MAX_CLEARED = 10_000  # limits memory, because senders choose keys and values
_MAX_CLEARED_CHARACTERS = 64
_NO_TEXT = frozenset({None, "string_value", "bool_value"})  # if `string_value` is empty; a bool holds no personal data
_NUMBERS = frozenset({"int_value", "double_value", "string_value_strindex"})  # only profiles use the last one
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")

_Clean = TypeVar("_Clean")
_Request = TypeVar("_Request")


class _Context(NamedTuple):
    """Context of a text: its owner, the counter of its findings, and the texts already cleared for this owner."""

    owner: Owner
    findings: Findings
    cleared: Cleared


@dataclass(slots=True)
class _Place:
    """The place of one text in the request: a field of a protobuf message."""

    context: _Context
    holder: Any
    field: str
    text: Text


def redact_traces(
    request: ExportTraceServiceRequest, redactor: TeamRedactor, team_keys: Sequence[str]
) -> list[Findings]:
    """Redact the request in place; return the findings of each span, in request order."""
    return _redacted(_walk_traces, request, redactor, team_keys)


def redact_logs(request: ExportLogsServiceRequest, redactor: TeamRedactor, team_keys: Sequence[str]) -> list[Findings]:
    """Redact the request in place; return the findings of each log record, in request order."""
    return _redacted(_walk_logs, request, redactor, team_keys)


def redact_metrics(
    request: ExportMetricsServiceRequest, redactor: TeamRedactor, team_keys: Sequence[str]
) -> list[Findings]:
    """Redact the request in place; return the findings of each metric, in request order."""
    return _redacted(_walk_metrics, request, redactor, team_keys)


def _redacted(
    walk: Callable[[_Request, _Texts, OwnerFinder | None], None],
    request: _Request,
    redactor: TeamRedactor,
    team_keys: Sequence[str],
) -> list[Findings]:
    texts = _Texts(redactor)
    walk(request, texts, OwnerFinder(team_keys) if redactor.rulebook.depends_on_owner else None)
    return texts.redacted()


class _Keys:
    """Numbers attribute keys that become equal by redaction: with two equal keys, one value would be lost."""

    def __init__(self) -> None:
        self._raw: dict[tuple[int, str], dict[str, int]] = {}

    def unique(self, context: _Context, raw: str, redacted: str) -> str:
        """Return the redacted key, with a number if another key of the record was redacted to the same text."""
        equal = self._raw.setdefault((id(context.findings), redacted), {})
        return numbered(redacted, equal.setdefault(raw, len(equal) + 1))


class _Texts:
    """Collects the texts of a request that need redaction, and the findings of each record (span, log, metric)."""

    def __init__(self, redactor: TeamRedactor) -> None:
        self._redactor = redactor
        self._places: list[_Place] = []
        self._findings: list[Findings] = []
        self._next: Findings = {}  # findings of the next record

    def around(self, owner: Owner) -> _Context:
        """Return the context of texts of a resource or scope; their findings count for the next record."""
        return _Context(owner, self._next, self._redactor.cleared(owner))

    def record(self, owner: Owner) -> _Context:
        """Begin a record."""
        context = self.around(owner)
        self._findings.append(self._next)
        self._next = {}
        return context

    def within(self, context: _Context, owner: Owner) -> _Context:
        """Return the context of a part of a record, which may have another owner."""
        return _Context(owner, context.findings, self._redactor.cleared(owner))

    def redacted(self) -> list[Findings]:
        """Redact the texts in place; return the findings of each record."""
        places = self._places
        answers = self._redactor.redact_many([one.text for one in places], [one.context.owner for one in places])
        keys = _Keys()
        for place, redacted in zip(places, answers, strict=True):
            context, text = place.context, redacted.text
            if redacted.findings:
                if place.field == "key":
                    text = keys.unique(context, place.text.text, text)
                if place.text.number and place.field != "string_value":
                    _blank(place.holder, place.field)
                else:
                    setattr(place.holder, place.field, text)
                for finding in redacted.findings:
                    context.findings[finding.entity] = context.findings.get(finding.entity, 0) + 1
            elif place.field == "key":
                _remember(context.cleared.keys, text)
            elif place.field == "string_value" and len(text) <= _MAX_CLEARED_CHARACTERS:
                if place.text.number:
                    kind = place.holder.WhichOneof("value")
                    _remember(context.cleared.numbers, (place.text.key, getattr(place.holder, kind)))
                else:
                    _remember(context.cleared.values, (place.text.key, text))
        return self._findings

    def plain(self, holder: Any, field: str, context: _Context, *, structured: bool = False) -> None:  # noqa: ANN401 - any protobuf message
        """Collect a string field."""
        text = getattr(holder, field)
        if text:
            self._places.append(_Place(context, holder, field, Text(text, "", structured)))

    def attributes(self, attributes: Iterable[KeyValue], context: _Context) -> None:
        """Collect the keys and values of attributes."""
        keys, values, numbers, harmless = context.cleared
        for attribute in attributes:
            key, value = attribute.key, attribute.value
            if key not in keys:
                self._places.append(_Place(context, attribute, "key", Text(key, "", True)))  # noqa: FBT003 - twice as fast as by name
            text = value.string_value
            if text:  # fast path for the most frequent kind
                if (key, text) not in values:
                    self._string(value, text, key, context)
                continue
            number: float = value.int_value
            if not number:
                kind = value.WhichOneof("value")
                if kind in _NO_TEXT:
                    continue
                if kind == "double_value":
                    number = value.double_value
                elif kind != "int_value":
                    self.value(value, key, context)
                    continue
            if not 0 <= number < harmless.get(key, 0) and (key, number) not in numbers:
                self._number(value, number, key, context)

    def value(self, value: AnyValue, key: str, context: _Context) -> None:
        """Collect a value and the values inside it."""
        kind = value.WhichOneof("value")
        if kind == "string_value":
            text = value.string_value
            if text:
                self._string(value, text, key, context)
        elif kind in _NUMBERS:
            self._number(value, getattr(value, kind), key, context)
        elif kind == "array_value":
            for item in value.array_value.values:
                self.value(item, key, context)
        elif kind == "kvlist_value":
            for attribute in value.kvlist_value.values:
                self._places.append(_Place(context, attribute, "key", Text(attribute.key, "", structured=True)))
                self.value(attribute.value, f"{key}.{attribute.key}", context)
        elif kind == "bytes_value":
            value.string_value = _decoded(value.bytes_value)
            self.value(value, key, context)

    def _number(self, value: AnyValue, number: float, key: str, context: _Context) -> None:
        cleared = context.cleared
        bound = cleared.harmless.get(key)
        if bound is None:
            bound = self._redactor.harmless_below(key, context.owner)
            if len(cleared.harmless) >= _MAX_CLEARED:
                cleared.harmless.clear()
            cleared.harmless[key] = bound
        if not -bound < number < bound and (key, number) not in cleared.numbers:
            text = written_out(repr(number))
            self._places.append(_Place(context, value, "string_value", Text(text, key, structured=True, number=True)))

    def measurement(self, point: Any, kind: str, name: str, context: _Context) -> None:  # noqa: ANN401 - any data point
        """Collect the stored number of a data point, with the metric's name as its key."""
        field = point.WhichOneof("value") if kind in {"gauge", "sum"} else "sum"
        if field and getattr(point, field):
            text = Text(written_out(repr(getattr(point, field))), name, structured=True, number=True)
            self._places.append(_Place(context, point, field, text))

    def _string(self, value: AnyValue, text: str, key: str, context: _Context) -> None:
        self._places.append(_Place(context, value, "string_value", Text(text, key, is_structured(key, text))))

    def resource(self, holder: Any, context: _Context) -> None:  # noqa: ANN401 - one of the three resource messages
        """Collect the texts of a resource."""
        self.plain(holder, "schema_url", context, structured=True)
        self.attributes(holder.resource.attributes, context)

    def scope(self, holder: Any, context: _Context) -> None:  # noqa: ANN401 - one of the three scope messages
        """Collect the texts of a scope."""
        self.plain(holder, "schema_url", context, structured=True)
        self.plain(holder.scope, "name", context, structured=True)
        self.plain(holder.scope, "version", context, structured=True)
        self.attributes(holder.scope.attributes, context)


def _decoded(content: bytes) -> str:
    """Return bytes as text. Binary content cannot be checked, so a placeholder with its size replaces it."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    return f"<{len(content)} BYTES>" if _BINARY.search(text) else text


def _blank(point: Any, field: str) -> None:  # noqa: ANN401 - any data point
    """Remove a measurement: it becomes unknown, never zero."""
    if point.DESCRIPTOR.fields_by_name[field].has_presence:
        point.ClearField(field)
    else:
        setattr(point, field, nan)


def _remember(cleared: set[_Clean], item: _Clean) -> None:
    if len(cleared) >= _MAX_CLEARED:
        cleared.clear()
    cleared.add(item)


def _shared_and_each(texts: _Texts, owners: Sequence[Owner] | None) -> tuple[_Context, Iterator[Owner]]:
    """Return the context of the texts that all records of a resource share, and the owner of each record."""
    return texts.around(shared(owners) if owners else UNKNOWN_OWNER), iter(owners) if owners else repeat(UNKNOWN_OWNER)


def _walk_traces(request: ExportTraceServiceRequest, texts: _Texts, finder: OwnerFinder | None) -> None:
    known = finder.by_id(request.resource_spans) if finder else {}
    for resource_spans in request.resource_spans:
        owners = finder.of_spans(resource_spans, known) if finder else None
        around, each = _shared_and_each(texts, owners)
        texts.resource(resource_spans, around)
        for scope_spans in resource_spans.scope_spans:
            texts.scope(scope_spans, around)
            for span in scope_spans.spans:
                context = texts.record(next(each))
                texts.plain(span, "name", context)
                texts.plain(span, "trace_state", context, structured=True)
                texts.plain(span.status, "message", context)
                texts.attributes(span.attributes, context)
                for event in span.events:
                    texts.plain(event, "name", context)
                    texts.attributes(event.attributes, context)
                for link in span.links:
                    texts.plain(link, "trace_state", context, structured=True)
                    texts.attributes(link.attributes, context)


def _walk_logs(request: ExportLogsServiceRequest, texts: _Texts, finder: OwnerFinder | None) -> None:
    for resource_logs in request.resource_logs:
        resource = resource_logs.resource
        records = [record for scope in resource_logs.scope_logs for record in scope.log_records]
        owners = [finder.of_record(resource, one.attributes, one.trace_id) for one in records] if finder else None
        around, each = _shared_and_each(texts, owners)
        texts.resource(resource_logs, around)
        for scope_logs in resource_logs.scope_logs:
            texts.scope(scope_logs, around)
            for record in scope_logs.log_records:
                context = texts.record(next(each))
                texts.plain(record, "severity_text", context, structured=True)
                texts.plain(record, "event_name", context, structured=True)
                texts.value(record.body, "body", context)
                texts.attributes(record.attributes, context)


def _walk_metrics(request: ExportMetricsServiceRequest, texts: _Texts, finder: OwnerFinder | None) -> None:
    for resource_metrics in request.resource_metrics:
        resource = resource_metrics.resource
        owner = finder.of_record(resource, ()) if finder else UNKNOWN_OWNER
        texts.resource(resource_metrics, texts.around(owner))
        for scope_metrics in resource_metrics.scope_metrics:
            texts.scope(scope_metrics, texts.around(owner))
            for metric in scope_metrics.metrics:
                context = texts.record(owner)
                texts.plain(metric, "name", context, structured=True)
                texts.plain(metric, "description", context)
                texts.plain(metric, "unit", context, structured=True)
                texts.attributes(metric.metadata, context)
                kind = metric.WhichOneof("data")
                personal = marks_numbers(metric.name) and not metric.sum.is_monotonic  # a monotonic sum is a count
                for point in getattr(metric, kind).data_points if kind else ():
                    part = texts.within(context, finder.of_record(resource, point.attributes)) if finder else context
                    texts.attributes(point.attributes, part)
                    if personal and kind:
                        texts.measurement(point, kind, metric.name, part)
                    for exemplar in getattr(point, "exemplars", ()):
                        texts.attributes(exemplar.filtered_attributes, part)
