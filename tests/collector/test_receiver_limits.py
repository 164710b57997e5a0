"""Limits of the HTTP receiver and its responses to its own failures, with a real server in a thread."""

from __future__ import annotations

import contextlib
import logging
import random
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.keys.ingest_keys import IngestKeys
from collector.receivers.http import create_app
from collector.receivers.http_protocol import BoundedHeadProtocol
from collector.receivers.in_flight import REQUEST_BYTES
from collector.receivers.reception import Limits, Reception
from collector.spool.group_commit import GroupCommit
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool, SpoolFullError
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture(autouse=True)
def nothing_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.receivers.in_flight.GRACE_SECONDS", 3_600)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db", Seal(bytes(32)), max_bytes=4_000)
    yield spool
    spool.close()


@contextmanager
def served(spool: Spool, **limits: float) -> Iterator[int]:
    """Serve a receiver and yield its port."""
    reception = Reception(spool, IngestKeys(Policy()), Limits(**limits))  # type: ignore[arg-type]  # limits are numbers
    app = create_app(reception, Path("heartbeat.json"))
    config = uvicorn.Config(app, log_config=None, lifespan="off", http=BoundedHeadProtocol, ws="none")
    server = uvicorn.Server(config)
    with reception.running(), socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def request_of(size: int) -> bytes:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="x" * size)
    return request.SerializeToString()


def test_a_slow_client_is_refused_and_holds_no_memory(spool: Spool) -> None:
    with served(spool, body_seconds=0.3) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: receiver\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: 1000\r\n\r\n" + b"x" * 10
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_a_body_sent_byte_by_byte_times_out(spool: Spool) -> None:
    with served(spool, body_seconds=0.5) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: receiver\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: 1000\r\n\r\n"
        )
        client.settimeout(0.02)
        for _ in range(500):  # a byte each 20 ms for 10 s, unless the receiver ends it
            client.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                answer = client.recv(4096)
                break
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_trickles_or_never_ends_holds_nothing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHeadProtocol, "head_seconds", 0.3)
    monkeypatch.setattr(BoundedHeadProtocol, "head_bytes", 10_000)
    with served(spool) as port:
        for sent in (b"", b"POST /v1/traces HTTP/1.1\r\nx-one: 1\r\n"):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(sent)
                assert client.recv(4096).startswith(b"HTTP/1.1 408 ")
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"POST /v1/traces HTTP/1.1\r\n" + b"x-one: 1\r\n" * 1_001)
            assert client.recv(4096).startswith(b"HTTP/1.1 431 ")
        with httpx.Client(headers=PROTOBUF) as keeping:  # a pause between requests is not a slow head
            for number in range(3):
                assert keeping.post(f"http://127.0.0.1:{port}/v1/traces", content=request_of(number)).is_success
                time.sleep(0.4)


def test_a_client_that_goes_away_leaves_the_memory_to_the_others(spool: Spool) -> None:
    with served(spool, max_in_flight_bytes=1_500 + REQUEST_BYTES) as port:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(
                    b"POST /v1/traces HTTP/1.1\r\nhost: receiver\r\ncontent-type: application/x-protobuf\r\n"
                    b"content-length: 2000\r\n\r\n" + b"x" * 1_000
                )
                time.sleep(0.2)
        time.sleep(0.2)
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/traces", content=request_of(1_000), headers=PROTOBUF)
        assert answer.status_code == 200


def test_bodies_in_flight_are_bounded_together(spool: Spool) -> None:
    room = 2 * REQUEST_BYTES + 1_500
    with served(spool, max_in_flight_bytes=room) as port, socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: receiver\r\ncontent-type: application/x-protobuf\r\n"
            b"content-length: 1100\r\n\r\n" + b"x" * 1_000
        )
        time.sleep(0.3)
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/traces", content=request_of(1_000), headers=PROTOBUF)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        assert httpx.post(f"http://127.0.0.1:{port}/v1/traces", content=request_of(10), headers=PROTOBUF).is_success


def test_a_bug_is_logged_without_content_of_the_request(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("Marjolein Bakker")

    monkeypatch.setattr(spool, "append", broken)
    with caplog.at_level(logging.DEBUG), served(spool) as port:
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/traces", content=request_of(10), headers=PROTOBUF)
    assert answer.status_code == 500
    assert b"Marjolein" not in answer.content
    assert "a request for traces failed: RuntimeError at " in caplog.text
    assert "Marjolein" not in caplog.text


def test_a_request_that_is_too_large_for_the_rest_does_not_take_the_others_down(spool: Spool) -> None:
    wanted = [Incoming("traces", bytes([n]) * 10, "s", "k", 1) for n in range(5)]
    wanted.insert(2, Incoming("traces", random.Random(1).randbytes(20_000), "s", "k", 1))
    gate = threading.Event()
    append = spool.append

    def slow_append(requests: list[Incoming]) -> object:
        gate.wait()
        return append(requests)

    spool.append = slow_append  # type: ignore[method-assign]  # all but the first meet in one transaction
    commits = GroupCommit(spool)
    futures = [commits.submit(request) for request in wanted]
    gate.set()
    commits.close()
    assert isinstance(futures[2].exception(), SpoolFullError)
    assert [future.result().duplicate for future in futures if future is not futures[2]] == [False] * 5
    assert spool.counts().waiting_requests == 5
