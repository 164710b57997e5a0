"""Clients that open streams, connections or bodies and send little or nothing do not block others."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import grpc
import pytest
import uvicorn
from aftermath import assert_unharmed
from otlp_grpc_client import Client
from own_thread import in_own_thread
from running_receiver import one_span

from collector.keys.ingest_keys import IngestKeys
from collector.otlp.refusals import SlowRequestError, TryAgainError
from collector.receivers.http import create_app
from collector.receivers.http_protocol import BoundedHeadProtocol
from collector.receivers.in_flight import GRACE_SECONDS, REQUEST_BYTES, InFlight
from collector.receivers.reception import Limits, Reception
from collector.spool.seal import Seal
from collector.spool.spool import Spool
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from instance import Instance

_STREAMS = 400
_HEAD = (
    b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: %d\r\n\r\n"
)


@contextmanager
def served(directory: Path, limits: Limits) -> Iterator[int]:
    """Serve a receiver over HTTP and yield its port."""
    spool = Spool(directory / "spool.sqlite", Seal(bytes(32)), max_bytes=1 << 30)
    reception = Reception(spool, IngestKeys(Policy()), limits)
    app = create_app(reception, directory / "heartbeat.json")
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
    spool.close()


def post(port: int, number: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/v1/traces", one_span(number), {"content-type": "application/x-protobuf"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_idle_grpc_streams_do_not_block_others(attacked: Instance) -> None:
    address = attacked.endpoints["otlp_grpc"].removeprefix("http://")
    never = threading.Event()
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(address)) for _ in range(_STREAMS // 50)]
        streams = [client.trickle(never) for client in clients for _ in range(50)]
        time.sleep(2 * GRACE_SECONDS)
        with Client(address) as honest:
            for number in range(3):
                assert honest.send(one_span(700 + number))[0] == grpc.StatusCode.OK
        never.set()
        for stream in streams:
            with suppress(grpc.RpcError):
                stream.result(60)
    assert_unharmed(attacked)


def test_slow_bodies_are_refused_when_room_is_needed(tmp_path: Path) -> None:
    limits = Limits(max_body_bytes=1 << 20, max_in_flight_bytes=1 << 20, max_sender_bytes=1 << 20)
    with served(tmp_path, limits) as port, ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(4)]
        for client in slow:
            client.sendall(_HEAD % (1 << 20) + bytes((1 << 18) - REQUEST_BYTES - 100))
        time.sleep(2 * GRACE_SECONDS)
        assert post(port, 1) == 200
        assert slow[0].recv(4096).startswith(b"HTTP/1.1 429 ")


def test_connections_without_a_request_are_closed_when_room_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedHeadProtocol, "max_connections", 20)
    with served(tmp_path, Limits()) as port, ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(60)]
        for client in idle[::2]:
            with suppress(OSError):  # it was closed before
                client.sendall(b"POST /v1/traces HTTP/1.1\r\n")
        assert post(port, 1) == 200
        idle[0].settimeout(30)
        with suppress(ConnectionResetError):
            assert idle[0].recv(1) == b"", "the first is closed"


def test_a_sender_has_its_share_of_memory_and_no_more() -> None:
    async def attack() -> None:
        in_flight = InFlight(1 << 20, 1 << 19)
        with in_flight.request() as greedy, in_flight.request() as more, in_flight.request() as other:
            greedy.belongs_to("alpha")
            greedy.resize(1 << 18)
            more.belongs_to("alpha")
            with pytest.raises(TryAgainError, match="of this sender"):
                more.resize(1 << 18)
            other.belongs_to("beta")
            other.resize(1 << 18)
        assert in_flight.peak_is_over(1 << 19)

    in_own_thread(asyncio.run, attack())


def test_the_longest_reading_is_ended_and_never_a_short_one() -> None:
    async def read(in_flight: InFlight, name: str, seconds: float, gone: list[str]) -> None:
        try:
            with in_flight.request() as held:
                held.belongs_to(name)
                held.resize(400 << 10)
                async with held.reading(seconds):
                    await asyncio.sleep(60)
        except (TryAgainError, SlowRequestError) as error:
            gone.append(f"{name} {type(error).__name__}")

    async def attack() -> None:
        in_flight = InFlight(1 << 20, 1 << 20)
        gone: list[str] = []
        tasks = [asyncio.create_task(read(in_flight, name, 2 * GRACE_SECONDS, gone)) for name in ("first", "second")]
        await asyncio.sleep(0.1)
        await read(in_flight, "early", 60, gone)
        await asyncio.sleep(GRACE_SECONDS)
        with in_flight.request() as held:
            held.resize(400 << 10)
            await asyncio.gather(*tasks)
        assert gone == ["early TryAgainError", "first TryAgainError", "second SlowRequestError"]

    in_own_thread(asyncio.run, attack())


def test_a_receiver_with_too_much_memory_ends_long_readings() -> None:
    async def attack() -> None:
        in_flight = InFlight(1 << 20, 1 << 20)
        answers: list[str] = []

        async def read(name: str) -> None:
            with in_flight.request() as held:
                held.belongs_to(name)
                try:
                    async with held.reading(60):
                        await asyncio.sleep(2 * GRACE_SECONDS)
                        answers.append(f"{name} is here")
                except TryAgainError:
                    answers.append(f"{name} gave way")

        trickling = asyncio.create_task(read("trickling"))
        await asyncio.sleep(1.2 * GRACE_SECONDS)
        brisk = asyncio.create_task(read("brisk"))
        await asyncio.sleep(0)
        assert in_flight.is_reading
        in_flight.end_long_readings()
        await asyncio.gather(trickling, brisk)
        assert answers == ["trickling gave way", "brisk is here"]
        assert not in_flight.is_reading

    in_own_thread(asyncio.run, attack())
