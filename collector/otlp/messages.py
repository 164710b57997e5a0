"""OTLP messages: decodes and counts requests, and encodes responses in the sender's encoding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector.otlp.defects import INVALID_IDS, Defects, remove_flagged, remove_rejected
from collector.otlp.json_encoding import parse_json
from collector.otlp.message_count import require_few_messages
from collector.otlp.refusals import BadRequestError, UnsupportedError
from collector.otlp.wire_mending import mend_protobuf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from collector.otlp.defects import Path
    from collector.spool.spool import Signal

Encoding = Literal["protobuf", "json"]
ExportRequest = ExportTraceServiceRequest | ExportLogsServiceRequest | ExportMetricsServiceRequest

CONTENT_TYPES: dict[Encoding, str] = {"protobuf": "application/x-protobuf", "json": "application/json"}

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_REQUESTS: dict[Signal, type[ExportRequest]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}


_RESPONSES: dict[Signal, type[Message]] = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}
_REJECTED: dict[Signal, str] = {
    "traces": "rejected_spans",
    "logs": "rejected_log_records",
    "metrics": "rejected_data_points",
}


def encoding_of(content_type: str | None) -> Encoding:
    """Return the encoding of a Content-Type header. Raises UnsupportedError."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    for encoding, name in CONTENT_TYPES.items():
        if media_type == name:
            return encoding
    raise UnsupportedError("Content-Type must be application/x-protobuf or application/json.")


def decode(signal: Signal, body: bytes, encoding: Encoding, defects: Defects | None = None) -> ExportRequest:
    """Return what can be read of the request in the body; an empty body is an empty request.

    Values that cannot be read are mended, and items that cannot be read are removed; `defects` takes note of both.
    Raises BadRequestError if nothing can be read, TooLargeError.
    """
    defects = Defects() if defects is None else defects
    message = _REQUESTS[signal]()
    if encoding == "json":
        if body:
            parse_json(body, message, defects)
    else:
        _parse_protobuf(signal, body, message, defects)
    if defects:
        defects.mark(message)
    if isinstance(message, ExportTraceServiceRequest):
        drop_invalid_spans(message, defects)
    elif defects:
        remove_rejected(message, defects)
    if defects:
        defects.require_something(count(message))
    return message


def _parse_protobuf(signal: Signal, body: bytes, message: ExportRequest, defects: Defects) -> None:
    require_few_messages(body, _REQUESTS[signal])
    try:
        message.MergeFromString(body)
    except DecodeError:
        message.Clear()
    else:
        return
    mended = mend_protobuf(body, type(message), defects)
    try:
        message.MergeFromString(mended)
    except DecodeError:
        raise BadRequestError(f"The body is not an OTLP request for {signal} in protobuf.") from None


def drop_invalid_spans(request: ExportTraceServiceRequest, defects: Defects) -> None:
    """Reject spans with invalid ids (wrong length or all zeros, as OTLP defines): they belong to no run.

    A span that was unreadable has no ids any more. It is removed too, and counted already.
    """
    unreadable = {path for path, _ in defects.rejected}
    for resource_number, resource_spans in enumerate(request.resource_spans):
        for scope_number, scope_spans in enumerate(resource_spans.scope_spans):
            gone = []
            for number, span in enumerate(scope_spans.spans):
                problem = _problem_of_ids(span)
                gone.append(bool(problem))
                if problem:
                    scope: Path = ((None, "resource_spans", resource_number), "scope_spans", scope_number)
                    path: Path = (scope, "spans", number)
                    if path not in unreadable:
                        defects.reject(path, problem, INVALID_IDS)
            remove_flagged(scope_spans.spans, gone)


def _problem_of_ids(span: Span) -> str:
    """Return what makes an id invalid, empty for valid ids."""
    if len(span.trace_id) != _TRACE_ID_BYTES or not any(span.trace_id):
        return "no trace id of 16 bytes, not all zero"
    if len(span.span_id) != _SPAN_ID_BYTES or not any(span.span_id):
        return "no span id of 8 bytes, not all zero"
    return ""


def count(request: ExportRequest) -> int:
    """Return the number of spans, log records or metric points in the request."""
    if isinstance(request, ExportTraceServiceRequest):
        return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
    if isinstance(request, ExportLogsServiceRequest):
        return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)
    return sum(
        _points(metric)
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def resources(request: ExportRequest) -> Iterator[Resource]:
    """Yield each resource of the request. Changing a resource changes the request."""
    if isinstance(request, ExportTraceServiceRequest):
        yield from (envelope.resource for envelope in request.resource_spans)
    elif isinstance(request, ExportLogsServiceRequest):
        yield from (envelope.resource for envelope in request.resource_logs)
    else:
        yield from (envelope.resource for envelope in request.resource_metrics)


def success(signal: Signal, encoding: Encoding, defects: Defects) -> bytes:
    """Return the response to an accepted request: as partial success what was rejected, as a warning what was mended.

    In protobuf the responses of the three signals are the same bytes.
    """
    answer: Any = _RESPONSES[signal]()
    if defects:
        partial = answer.partial_success
        partial.error_message = defects.message()
        setattr(partial, _REJECTED[signal], defects.by_reason.total())
    if encoding == "json":
        return json_format.MessageToJson(answer, indent=None).encode()
    body: bytes = answer.SerializeToString()
    return body


def failure(encoding: Encoding, grpc_code: int, message: str) -> bytes:
    """Return the google.rpc.Status of a refused request (OTLP 1.9, "Failures")."""
    if encoding == "json":
        return json.dumps({"code": grpc_code, "message": message}).encode()
    body: bytes = Status(code=grpc_code, message=message).SerializeToString()
    return body


def _points(metric: Metric) -> int:
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 0
