"""Responses of a real receiver over HTTP, over a real socket."""

from __future__ import annotations

import gzip
import hashlib
import resource
import socket
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from running_receiver import EXPORT, assert_delivers, large_request, one_span

from collector.receivers.reception import REQUEST_HEADER
from schema.policy.policy import IngestKey, Policy

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

    from running_receiver import RunningReceiver


PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


def post(receiver: RunningReceiver, content: bytes = b"", signal: str = "traces", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{receiver.url}/v1/{signal}", content=content, headers=PROTOBUF | named, timeout=60)


def test_what_is_answered_with_200_is_on_disk_as_it_was_sent(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = EXPORT.read_bytes()
    answer = post(receiver, body)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    receiver.kill()  # nothing is left to a clean end
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    assert (str(waiting.id), waiting.signal, waiting.body) == (answer.headers[REQUEST_HEADER], "traces", body)
    assert waiting.spans == 6


def test_every_compression_is_the_same_request(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = EXPORT.read_bytes()
    answers = [
        post(receiver, body),
        post(receiver, gzip.compress(body), content_encoding="gzip"),
        post(receiver, zlib.compress(body), content_encoding="deflate"),
        post(receiver, zstd.compress(body), content_encoding="zstd"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert len({answer.headers[REQUEST_HEADER] for answer in answers}) == 1
    assert receiver.open_spool().counts().waiting_requests == 1


def test_json_is_answered_in_json_and_stored_as_protobuf(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "call"}]}]}
        ]
    }
    answer = httpx.post(f"{receiver.url}/v1/traces", json=body)
    assert (answer.status_code, answer.json()) == (200, {})
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    assert waiting.body == one_span()


def test_all_signals_and_empty_requests_are_taken(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    for signal in ("traces", "logs", "metrics"):
        answer = post(receiver, signal=signal)
        assert (answer.status_code, answer.content) == (200, b"")
        assert REQUEST_HEADER not in answer.headers
    assert receiver.open_spool().counts().waiting_requests == 0


def test_spans_without_ids_are_rejected_by_partial_success(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    request = ExportTraceServiceRequest.FromString(one_span())
    request.resource_spans[0].scope_spans[0].spans.add(name="nowhere")
    answer = post(receiver, request.SerializeToString())
    assert answer.status_code == 200
    assert ExportTraceServiceResponse.FromString(answer.content).partial_success.rejected_spans == 1
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    assert (waiting.spans, waiting.body) == (1, one_span())


def test_what_cannot_be_taken_is_refused_in_the_encoding_of_the_request(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver()
    garbage = post(receiver, b"Marjolein Bakker")
    assert garbage.status_code == 400
    assert Status.FromString(garbage.content).code == 3
    assert b"Marjolein" not in garbage.content
    assert post(receiver, b"Marjolein Bakker", content_encoding="gzip").status_code == 400
    unpacked = post(receiver, one_span(), content_encoding="br")
    assert (unpacked.status_code, unpacked.headers["accept-encoding"]) == (415, "gzip, deflate, zstd, identity")
    in_json = httpx.post(f"{receiver.url}/v1/traces", content=b"{", headers=JSON)
    assert (in_json.status_code, in_json.json()["code"]) == (400, 3)
    assert (
        httpx.post(f"{receiver.url}/v1/traces", content=b"x", headers={"content-type": "text/plain"}).status_code == 415
    )
    assert httpx.post(f"{receiver.url}/v1/traces", content=b"x").json()["message"].startswith("Content-Type must be")
    missing = httpx.post(f"{receiver.url}/v1/profiles", content=b"", headers=PROTOBUF)
    assert (missing.status_code, Status.FromString(missing.content).message) == (404, "Not Found.")
    wrong = httpx.get(f"{receiver.url}/v1/traces")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    for page in ("/docs", "/redoc", "/openapi.json", "/"):
        assert httpx.get(f"{receiver.url}{page}").status_code == 404
    assert receiver.open_spool().counts().waiting_requests == 0


def test_bodies_over_the_limit_are_refused_before_they_fill_the_memory(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver()
    limit = 64 << 20
    bomb = gzip.compress(bytes(4 * limit), 9)
    assert len(bomb) < 1 << 20
    assert post(receiver, bomb, content_encoding="gzip").status_code == 413
    with socket.create_connection(("127.0.0.1", receiver.port)) as client:
        client.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: receiver\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: %d\r\n\r\n" % (limit + 1)
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")
    chunks = (bytes(1 << 20) for _ in range(65))
    answer = httpx.post(f"{receiver.url}/v1/traces", content=chunks, headers=PROTOBUF, timeout=60)
    assert answer.status_code == 413
    assert post(receiver, one_span()).status_code == 200


def test_a_large_request_is_accepted_completely(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = large_request()
    assert post(receiver, gzip.compress(body, 1), content_encoding="gzip").status_code == 200
    (waiting,) = receiver.open_spool().take(1, 1)
    assert waiting.body == body


def test_keys_are_required_and_bind_the_team(start_receiver: Callable[..., RunningReceiver]) -> None:
    key = IngestKey(name="payments", sha256=hashlib.sha256(b"pay-key").hexdigest(), team="payments")
    receiver = start_receiver(Policy(ingest_keys=(key,)))
    refused = post(receiver, one_span())
    assert refused.status_code == 401
    assert Status.FromString(refused.content).code == 16
    assert refused.headers["www-authenticate"] == "Bearer"
    assert post(receiver, one_span(), authorization="Bearer wrong").status_code == 401
    assert post(receiver, one_span(), authorization="Bearer pay-key").status_code == 200
    assert httpx.get(f"{receiver.url}/healthz").status_code == 200
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    assert waiting.key_name == "payments"
    attributes = ExportTraceServiceRequest.FromString(waiting.body).resource_spans[0].resource.attributes
    values = {attribute.key: attribute.value for attribute in attributes}
    assert values["spanledger.team"].string_value == "payments"
    assert values["spanledger.stamped.team"].bool_value


def test_a_full_spool_refuses_with_a_retry_delay_and_recovers(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver(spool_max_bytes=2_000)
    taken = []
    for number in range(1, 100):
        answer = post(receiver, one_span(number))
        if answer.status_code != 200:
            break
        taken.append(int(answer.headers[REQUEST_HEADER]))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2"
    assert Status.FromString(answer.content).code == 8
    time.sleep(1.1)  # readiness is looked at once a second
    assert receiver.readiness().json() == {"status": "the spool is full"}
    assert httpx.get(f"{receiver.url}/healthz").status_code == 200
    spool = receiver.open_spool()
    assert [w.id for w in spool.take(1000, 1 << 30)] == taken
    spool.assign(taken, "batch")
    spool.done("batch")
    assert post(receiver, one_span(1000)).status_code == 200
    time.sleep(1.1)
    assert receiver.readiness().status_code == 200


def test_a_disk_that_refuses_is_503_and_the_receiver_recovers(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    assert post(receiver, one_span(1)).status_code == 200
    pid = receiver.process.pid
    assert pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))  # from here on no file may grow
    refused = post(receiver, one_span(2))
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "2"
    assert Status.FromString(refused.content).code == 14
    assert receiver.readiness().json() == {"status": "the spool cannot be written"}
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert post(receiver, one_span(3)).status_code == 200
    waiting = receiver.open_spool().take(10, 1 << 30)
    assert [w.body for w in waiting] == [one_span(1), one_span(3)]


def test_many_senders_at_once_get_receipts_of_their_own(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    with httpx.Client(headers=PROTOBUF) as client, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: client.post(f"{receiver.url}/v1/traces", content=one_span(n)), range(1, 401)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers[REQUEST_HEADER] for answer in answers}) == 400
    assert receiver.open_spool().counts().waiting_spans == 400


def test_sigterm_answers_what_is_in_flight_and_commits_it(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = one_span()
    with socket.create_connection(("127.0.0.1", receiver.port)) as client:
        client.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: receiver\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: %d\r\n\r\n" % len(body)
        )
        time.sleep(0.5)
        receiver.process.terminate()
        time.sleep(0.5)
        client.sendall(body)
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    receiver.process.join(15)  # a second SIGTERM might meet a process that is past caring
    assert receiver.process.exitcode == 0
    assert receiver.open_spool().counts().waiting_requests == 1


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_the_stock_exporter_delivers(start_receiver: Callable[..., RunningReceiver], compression: Compression) -> None:
    receiver = start_receiver()
    assert_delivers(receiver, OTLPSpanExporter(f"{receiver.url}/v1/traces", compression=compression))


def test_the_stock_exporter_waits_out_a_receiver_that_was_killed(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver()
    exporter = OTLPSpanExporter(f"{receiver.url}/v1/traces")
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.get_tracer("test").start_span("call").end()
    receiver.kill()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(exporter.export, memory.get_finished_spans())
        time.sleep(1)
        receiver.start()
        assert result.result() == SpanExportResult.SUCCESS
    assert receiver.open_spool().counts().waiting_spans == 1
