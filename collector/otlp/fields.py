"""The fields of OTLP by their names, in JSON and in protobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor import Descriptor, FieldDescriptor


def _all_fields() -> list[FieldDescriptor]:
    """Return every field of OTLP."""
    messages: dict[str, Descriptor] = {}
    ahead = [
        request.DESCRIPTOR
        for request in (ExportTraceServiceRequest, ExportLogsServiceRequest, ExportMetricsServiceRequest)
    ]
    while ahead:
        message = ahead.pop()
        if message.full_name not in messages:
            messages[message.full_name] = message
            ahead += [one.message_type for one in message.fields if one.message_type is not None]
    return [one for message in messages.values() for one in message.fields]


def _names(fields: Iterable[FieldDescriptor]) -> frozenset[str]:
    return frozenset(name for one in fields for name in (one.name, one.json_name))


OBJECTS: Final = _names(one for one in _all_fields() if one.message_type is not None and not one.is_repeated)
"""Names of fields with an object."""

SCALAR_LISTS: Final = _names(one for one in _all_fields() if one.message_type is None and one.is_repeated)
"""Names of fields with a list of numbers or texts."""

ENUMS: Final = {
    name: frozenset(one.enum_type.values_by_name)
    for one in _all_fields()
    if one.enum_type is not None
    for name in (one.name, one.json_name)
}
"""The values of each enum by the names of its field."""
