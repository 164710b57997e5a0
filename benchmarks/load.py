"""A load generator: bodies of real exports with new ids, sent over several connections."""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import random
import threading
import time
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXPORTS = Path(__file__).parent.parent / "tests" / "data" / "otlp"


def bodies(total: int, batch: int, seed: int = 1) -> Iterator[tuple[int, bytes]]:
    """Yield (number of spans, serialised ExportTraceServiceRequest), with `batch` spans each, from all exports."""
    requests = [ExportTraceServiceRequest.FromString(path.read_bytes()) for path in EXPORTS.glob("*/*.traces.pb")]
    spans = [
        span
        for request in requests
        for one in request.resource_spans
        for scope in one.scope_spans
        for span in scope.spans
    ]
    random.Random(seed).shuffle(spans)
    stream = cycle(spans)
    for start in range(0, total, batch):
        request = ExportTraceServiceRequest()
        scope_spans = request.resource_spans.add().scope_spans.add()
        trace_id, now = os.urandom(16), time.time_ns()
        for number, span in enumerate(islice(stream, min(batch, total - start))):
            new = scope_spans.spans.add()
            new.CopyFrom(span)
            duration = span.end_time_unix_nano - span.start_time_unix_nano
            new.trace_id, new.span_id, new.parent_span_id = trace_id, os.urandom(8), b""
            new.start_time_unix_nano, new.end_time_unix_nano = now + number, now + number + duration
        yield len(scope_spans.spans), request.SerializeToString()


def drive(url: str, work: Sequence[tuple[int, bytes]], connections: int) -> dict[str, Any]:
    """Send every body once; return spans a second, latencies in ms, errors by status and the count of unsent bodies."""
    pending: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
    for item in work:
        pending.put(item)
    accepted: list[int] = []
    latencies: list[float] = []
    errors: dict[str, int] = {}
    parts = urlsplit(url)

    def send_all() -> None:
        with contextlib.closing(http.client.HTTPConnection(parts.netloc, timeout=60)) as connection:
            while True:
                try:
                    spans, body = pending.get_nowait()
                except queue.Empty:
                    return
                start = time.perf_counter()
                connection.request("POST", parts.path, body, {"Content-Type": "application/x-protobuf"})
                answer = connection.getresponse()
                answer.read()
                if answer.status == http.client.OK:
                    latencies.append((time.perf_counter() - start) * 1000)
                    accepted.append(spans)
                else:
                    errors[str(answer.status)] = errors.get(str(answer.status), 0) + 1

    threads = [threading.Thread(target=send_all) for _ in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begin
    latencies.sort()
    shown = {f"p{share}_ms": round(latencies[len(latencies) * share // 100], 1) for share in (50, 95, 99)}
    return shown | {"spans_per_s": sum(accepted) / elapsed, "errors": errors, "unsent": pending.qsize()}
