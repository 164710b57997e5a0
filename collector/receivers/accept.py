"""Checks the body of a request and prepares it for the spool; the same for every transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.otlp.defects import Defects
from collector.otlp.messages import count, decode, resources
from collector.otlp.refusals import TooLargeError
from collector.receivers.inflate import inflate
from collector.spool.spool import Incoming, Signal

if TYPE_CHECKING:
    from collector.keys.ingest_keys import IngestKeys
    from collector.otlp.messages import Encoding, ExportRequest
    from schema.policy.policy import IngestKey


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it arrived, with its encoding, compression and client from the headers."""

    signal: Signal
    content: bytes
    encoding: Encoding
    compression: str
    client: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request for the spool, None if it is empty, and what could not be read."""

    incoming: Incoming | None
    defects: Defects


def accept(body: Body, keys: IngestKeys, key: IngestKey, max_bytes: int) -> Accepted:
    """Decompress, decode, check and stamp a body of at most `max_bytes` decompressed bytes. Raises RefusedError."""
    content = inflate(body.content, body.compression, max_bytes)
    defects = Defects()
    request = decode(body.signal, content, body.encoding, defects)
    items = count(request)
    if not items:
        return Accepted(None, defects)
    if keys.stamp(key, request) or defects or body.encoding == "json":
        content = request.SerializeToString()
        if defects and len(content) > max_bytes:
            raise TooLargeError(f"The body has over {max_bytes} bytes after its texts were made UTF-8.")
    sender = _sender(request, key, body.client)
    return Accepted(Incoming(body.signal, content, sender, key.name, items, defects.by_reason), defects)


def _sender(request: ExportRequest, key: IngestKey, client: str) -> str:
    """Return the sender's identity. Requests of one sender go to one worker, which caches texts that repeat."""
    for resource in resources(request):
        service = {
            attribute.key: attribute.value.string_value
            for attribute in resource.attributes
            if attribute.key in ("service.name", "service.instance.id")
        }
        if service:
            return f"{service.get('service.name', '')}\0{service.get('service.instance.id', '')}"
    return f"{key.name}\0{client}"
