"""Appends OTLP requests from files to the spool, as the receiver does with requests from the network."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from typing import TYPE_CHECKING, Final

from collector.api.contract import Taken
from collector.errors import IntakeError
from collector.otlp.defects import Defects
from collector.otlp.messages import Encoding, count, decode
from collector.otlp.refusals import RefusedError
from collector.spool.spool import Incoming, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.spool.spool import Spool

_KEY_NAME: Final = "files"  # their name in the ledger, instead of an ingest key
_PROTOBUF: Final = re.compile(r"(?:^|\.)(traces|logs|metrics)\.pb(?:\.gz)?$")
_JSON: Final = re.compile(r"\.jsonl?(?:\.gz)?$")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_TOP_LEVEL: Final[dict[str, Signal]] = {"resourceSpans": "traces", "resourceLogs": "logs", "resourceMetrics": "metrics"}


def ingest_file(spool: Spool, name: str, body: bytes) -> list[Taken]:
    """Append the requests in the file `name`; on return they are on disk. Raises IntakeError or SpoolError."""
    requests = []
    for signal, encoding, part in _requests(name, body):
        try:
            request = decode(signal, part, encoding, defects := Defects())
        except RefusedError as error:
            raise IntakeError(f"{name}: {error}") from None
        requests.append(
            Incoming(signal, request.SerializeToString(), name, _KEY_NAME, count(request), defects.by_reason)
        )
    return [
        Taken(
            id=receipt.id,
            signal=request.signal,
            items=request.spans,
            rejected=sum(request.rejected.values()),
            repeated=receipt.duplicate,
        )
        for receipt, request in zip(spool.append(requests), requests, strict=True)
    ]


def _requests(name: str, body: bytes) -> Iterator[tuple[Signal, Encoding, bytes]]:
    if body.startswith(_GZIP_MAGIC):
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise IntakeError(f"{name}: is not complete gzip data") from None
    if match := _PROTOBUF.search(name):
        yield match[1], "protobuf", body  # type: ignore[misc]  # the pattern names the signals
        return
    if not _JSON.search(name):
        raise IntakeError(f"{name}: expected a file named *.traces.pb, *.logs.pb, *.metrics.pb, *.json or *.jsonl")
    for line in body.splitlines() if ".jsonl" in name else [body]:
        if line.strip():
            yield _signal_of(name, line), "json", line


def _signal_of(name: str, body: bytes) -> Signal:
    try:
        content = json.loads(body)
    except ValueError:
        raise IntakeError(f"{name}: is not JSON") from None
    for key, signal in _TOP_LEVEL.items():
        if isinstance(content, dict) and key in content:
            return signal
    raise IntakeError(f"{name}: has none of {', '.join(_TOP_LEVEL)} at its top level, so it is no OTLP request")
