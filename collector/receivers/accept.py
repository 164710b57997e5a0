"""From the bytes of a body to what the spool takes; the same for every transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.otlp.messages import count, decode, drop_invalid_spans, resources
from collector.receivers.inflate import inflate
from collector.spool.spool import Incoming, Signal

if TYPE_CHECKING:
    from collector.keys.ingest_keys import IngestKeys
    from collector.otlp.messages import Encoding, ExportRequest
    from schema.policy.policy import IngestKey


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it arrived, and what its headers say about it."""

    signal: Signal
    content: bytes
    encoding: Encoding
    compression: str
    client: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What goes into the spool, None when the request holds nothing, and how many spans were rejected on the way."""

    incoming: Incoming | None
    rejected_spans: int


def accept(body: Body, keys: IngestKeys, key: IngestKey, max_bytes: int) -> Accepted:
    """Decompress, decode, check and stamp a body. Raises RefusedError; holds at most `max_bytes` decompressed."""
    content = inflate(body.content, body.compression, max_bytes)
    request = decode(body.signal, content, body.encoding)
    rejected = drop_invalid_spans(request) if isinstance(request, ExportTraceServiceRequest) else 0
    items = count(request)
    if not items:
        return Accepted(None, rejected)
    if keys.stamp(key, request) or rejected or body.encoding == "json":
        content = request.SerializeToString()
    sender = _sender(request, key, body.client)
    return Accepted(Incoming(body.signal, content, sender, key.name, items, rejected), rejected)


def _sender(request: ExportRequest, key: IngestKey, client: str) -> str:
    """Return who sends: requests of one sender go to one worker, whose cache knows what it sends again and again."""
    for resource in resources(request):
        named = {
            attribute.key: attribute.value.string_value
            for attribute in resource.attributes
            if attribute.key in ("service.name", "service.instance.id")
        }
        if named:
            return f"{named.get('service.name', '')}\0{named.get('service.instance.id', '')}"
    return f"{key.name}\0{client}"
