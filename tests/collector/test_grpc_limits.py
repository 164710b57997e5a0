"""Limits of the gRPC receiver and its responses to its own failures, with a real server in a thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from otlp_grpc_client import Client, retry_delay
from running_receiver import one_span

from collector.keys.ingest_keys import IngestKeys
from collector.receivers.grpc import READING_BYTES, create_server
from collector.receivers.in_flight import REQUEST_BYTES
from collector.receivers.reception import Limits, Reception
from collector.service.listening import address_of, reserve
from collector.spool.seal import Seal
from collector.spool.spool import Spool
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ONE = REQUEST_BYTES + READING_BYTES
"""Bytes reserved for a message while it is being read."""


@pytest.fixture(autouse=True)
def nothing_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.receivers.in_flight.GRACE_SECONDS", 3_600)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db", Seal(bytes(32)), max_bytes=1 << 20)
    yield spool
    spool.close()


@contextmanager
def served(spool: Spool, **limits: float) -> Iterator[tuple[Client, Reception]]:
    """Serve a receiver; yield a client and the reception behind it."""
    reception = Reception(spool, IngestKeys(Policy()), Limits(**limits))  # type: ignore[arg-type]  # limits are numbers
    started = threading.Event()
    stop = threading.Event()

    async def serve(address: str) -> None:
        server = create_server(reception, address)
        await server.start()
        started.set()
        await asyncio.to_thread(stop.wait)
        await server.stop(10)

    with reception.running(), reserve("127.0.0.1", 0) as port:
        thread = threading.Thread(target=lambda: asyncio.run(serve(address_of(port))))
        thread.start()
        started.wait(60)
        try:
            with Client(address_of(port)) as client:
                yield client, reception
        finally:
            stop.set()
            thread.join()


def until_held(reception: Reception, size: int) -> None:
    """Wait until all requests together hold this many bytes."""
    while reception.in_flight._bytes != size:
        time.sleep(0.01)


def test_a_slow_client_is_refused_and_holds_no_memory(spool: Spool) -> None:
    with served(spool, body_seconds=0.3, max_in_flight_bytes=_ONE) as (client, _):
        never = threading.Event()
        with pytest.raises(grpc.RpcError) as refused:
            client.trickle(never).result()
        assert refused.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert client.send(one_span())[0] == grpc.StatusCode.OK
        never.set()


def test_messages_in_flight_are_bounded_together(spool: Spool) -> None:
    with served(spool, max_in_flight_bytes=2 * _ONE) as (client, reception):
        go_on = threading.Event()
        slow = [client.trickle(go_on) for _ in range(2)]
        until_held(reception, 2 * _ONE)
        code, _, trailers = client.send(one_span(2))
        assert (code, retry_delay(trailers)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, 2)
        go_on.set()
        assert [answer.result() for answer in slow] == [b"", b""]
        assert client.send(one_span(3))[0] == grpc.StatusCode.OK


def test_a_client_that_goes_away_leaves_the_memory_to_the_others(spool: Spool) -> None:
    with served(spool, max_in_flight_bytes=_ONE) as (client, reception):
        never = threading.Event()
        gone = client.trickle(never)
        until_held(reception, _ONE)
        assert client.send(one_span())[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
        gone.cancel()
        never.set()
        until_held(reception, 0)
        assert client.send(one_span())[0] == grpc.StatusCode.OK


def test_a_bug_is_logged_without_content_of_the_request(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("Marjolein Bakker")

    monkeypatch.setattr(spool, "append", broken)
    with caplog.at_level(logging.DEBUG), served(spool) as (client, _):
        code, message, _ = client.send(one_span())
    assert (code, message) == (grpc.StatusCode.INTERNAL, b"The collector failed on this request.")
    assert "a request for traces failed: RuntimeError at " in caplog.text
    assert "Marjolein" not in caplog.text
