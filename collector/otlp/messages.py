"""OTLP messages: decodes and counts requests, and encodes responses in the sender's encoding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector.otlp.json_encoding import parse_json
from collector.otlp.message_count import require_few_messages
from collector.otlp.refusals import BadRequestError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

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


def encoding_of(content_type: str | None) -> Encoding:
    """Return the encoding of a Content-Type header. Raises UnsupportedError."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    for encoding, name in CONTENT_TYPES.items():
        if media_type == name:
            return encoding
    raise UnsupportedError("Content-Type must be application/x-protobuf or application/json.")


def decode(signal: Signal, body: bytes, encoding: Encoding) -> ExportRequest:
    """Return the request in the body; an empty body is an empty request. Raises BadRequestError, TooLargeError."""
    message = _REQUESTS[signal]()
    if encoding == "json":
        if body:
            parse_json(body, message)
        return message
    require_few_messages(body, _REQUESTS[signal])
    try:
        message.MergeFromString(body)
    except DecodeError:
        raise BadRequestError(f"The body is not an OTLP request for {signal} in protobuf.") from None
    return message


def drop_invalid_spans(request: ExportTraceServiceRequest) -> int:
    """Remove spans with invalid ids (wrong length or all zeros, as OTLP defines), and return their number.

    They belong to no run. The response reports them as a partial success.
    """
    dropped = 0
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            spans = scope_spans.spans
            invalid = sum(map(_has_invalid_ids, spans))
            if invalid:
                spans.sort(key=_has_invalid_ids)  # stable; deleting them one by one would be quadratic
                del spans[-invalid:]
                dropped += invalid
    return dropped


def _has_invalid_ids(span: Span) -> bool:
    return (
        len(span.trace_id) != _TRACE_ID_BYTES
        or len(span.span_id) != _SPAN_ID_BYTES
        or not any(span.trace_id)
        or not any(span.span_id)
    )


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


def success(encoding: Encoding, *, rejected_spans: int = 0, reason: str = "") -> bytes:
    """Return the response to an accepted request, with its rejected spans. An empty response fits every signal."""
    answer = ExportTraceServiceResponse()
    if rejected_spans:
        answer.partial_success.rejected_spans = rejected_spans
        answer.partial_success.error_message = reason
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
