"""Invented runs, with a planted text in every place where a sender can write text."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from collector.drill.carriers import labelled, nested, record, sentence

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from collector.drill.invented import Invented, Inventor

TEAM: Final = "spanledger-drill"
"""Team of the invented runs while they are in the store."""

_SECOND: Final = 10**9


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted text, with its place and its run."""

    invented: Invented
    place: str
    trace_id: str


class Run:
    """One invented run: an agent that calls a model, calls a failing tool, and writes a log record."""

    def __init__(self, inventor: Inventor, service_name: str) -> None:
        self.planted: list[Planted] = []
        self._inventor = inventor
        self._rng = inventor.rng
        self._trace_id = secrets.token_bytes(16)
        self._now = time.time_ns()
        self.traces = self._traces(service_name)
        self.logs = self._logs(service_name)
        self.metrics = self._metrics(service_name)

    @property
    def trace_id(self) -> str:
        """Its trace id, hexadecimal."""
        return self._trace_id.hex()

    def _plant(self, place: str) -> Invented:
        """Return a text for this place: mostly personal data, sometimes an identifier."""
        use_identifier = self._rng.random() < 0.1  # noqa: PLR2004
        invented = self._inventor.identifier() if use_identifier else self._inventor.personal()
        self.planted.append(Planted(invented, place, self.trace_id))
        return invented

    def _sentence(self, place: str) -> str:
        return sentence(self._rng, self._plant(place))

    def _traces(self, service_name: str) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest()
        process = request.resource_spans.add()
        resource = {"service.name": service_name, "spanledger.team": TEAM, "spanledger.workflow": "drill"}
        process.resource.attributes.extend(_pair(key, value) for key, value in resource.items())
        process.resource.attributes.append(_pair("deployment.note", self._sentence("resource attribute")))
        scope = process.scope_spans.add()
        scope.scope.name = "spanledger.drill"
        name = f"find {labelled(self._rng, self._plant('span name'))}"
        root = self._span(scope.spans.add(), name, None, "invoke_agent")
        root.attributes.append(_pair("support.note", self._sentence("attribute")))
        root.attributes.append(_pair("notes", ["first contact", self._sentence("attribute, list")]))
        root.attributes.append(_pair("case", {"open": True, "summary": self._sentence("attribute, map")}))
        root.attributes.append(_pair("raw", self._sentence("attribute, bytes").encode()))
        coded = base64.b64encode(self._sentence("attribute, base64").encode()).decode()
        root.attributes.append(_pair("payload", coded))
        key, _, value = labelled(self._rng, self._plant("attribute, URL-encoded")).partition("=")
        address = f"https://shop.example/search?page=2&{key}={quote(value)}"
        root.attributes.append(_pair("page", address))
        root.links.add(trace_id=secrets.token_bytes(16), span_id=secrets.token_bytes(8)).attributes.append(
            _pair("note", self._sentence("link attribute"))
        )
        self._model_call(self._span(scope.spans.add(), "chat drill-model", root, "chat"))
        self._tool_call(self._span(scope.spans.add(), "execute_tool find", root, "execute_tool"))
        return request

    def _span(self, span: Span, name: str, parent: Span | None, operation: str) -> Span:
        span.trace_id, span.span_id = self._trace_id, secrets.token_bytes(8)
        span.parent_span_id = parent.span_id if parent else b""
        span.name = name
        span.start_time_unix_nano, span.end_time_unix_nano = self._now - _SECOND, self._now
        span.attributes.append(_pair("gen_ai.operation.name", operation))
        return span

    def _model_call(self, span: Span) -> None:
        messages = [_message("system", "You help customers."), _message("user", self._sentence("input message"))]
        span.attributes.append(_pair("gen_ai.input.messages", json.dumps(messages)))
        answer = [_message("assistant", self._sentence("output message"))]
        span.attributes.append(_pair("gen_ai.output.messages", json.dumps(answer, ensure_ascii=False)))

    def _tool_call(self, span: Span) -> None:
        span.attributes.append(_pair("gen_ai.tool.name", "find"))
        arguments = record(self._rng, self._plant("tool arguments"))
        span.attributes.append(_pair("gen_ai.tool.call.arguments", json.dumps(arguments)))
        span.attributes.append(_pair("gen_ai.tool.call.result", nested(self._rng, self._plant("tool result"))))
        span.status.code = Status.STATUS_CODE_ERROR
        span.status.message = self._sentence("status message")
        event = span.events.add(name="exception", time_unix_nano=self._now)
        event.attributes.append(_pair("exception.message", self._sentence("exception message")))
        failed = labelled(self._rng, self._plant("stack trace"))
        trace = f'Traceback (most recent call last):\n  File "find.py", line 7, in find\nValueError: {failed!r}\n'
        event.attributes.append(_pair("exception.stacktrace", trace))

    def _logs(self, service_name: str) -> ExportLogsServiceRequest:
        request = ExportLogsServiceRequest()
        process = request.resource_logs.add()
        process.resource.attributes.append(_pair("service.name", service_name))
        entry = process.scope_logs.add().log_records.add(trace_id=self._trace_id, time_unix_nano=self._now)
        entry.body.string_value = self._sentence("log body")
        entry.attributes.append(_pair("detail", self._sentence("log attribute")))
        return request

    def _metrics(self, service_name: str) -> ExportMetricsServiceRequest:
        request = ExportMetricsServiceRequest()
        process = request.resource_metrics.add()
        process.resource.attributes.append(_pair("service.name", service_name))
        metric = process.scope_metrics.add().metrics.add(name="drill.calls")
        point = metric.sum.data_points.add(as_int=1, time_unix_nano=self._now)
        point.attributes.append(_pair("caller", self._sentence("metric attribute")))
        point.attributes.append(_pair("drill.trace_id", self.trace_id))
        return request


def _message(role: str, content: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def _pair(key: str, value: object) -> KeyValue:
    return KeyValue(key=key, value=_any(value))


def _any(value: object) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[_any(item) for item in value]))
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=[_pair(key, item) for key, item in value.items()]))
    return AnyValue(string_value=str(value))
