"""One sender never occupies every decoding thread, and a sender that waits too long is asked to retry."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from own_thread import in_own_thread
from running_receiver import one_span

from collector.keys.ingest_keys import IngestKeys
from collector.otlp.refusals import TryAgainError
from collector.receivers import reception as receiving
from collector.receivers.accept import Accepted, Body, accept
from collector.receivers.reception import Reception
from collector.spool.seal import Seal
from collector.spool.spool import Spool
from schema.policy.policy import IngestKey, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = one_span(1) + b"\xfa\x01\x80\x80\x04" + bytes(1 << 16)  # an unknown field: too large to be decoded at once


@pytest.fixture
def reception(tmp_path: Path) -> Iterator[Reception]:
    spool = Spool(tmp_path / "spool.sqlite", Seal(bytes(32)), max_bytes=1 << 30)
    reception = Reception(spool, IngestKeys(Policy()))
    with reception.running():
        yield reception
    spool.close()


class Slow:
    """Decoding of bodies of the client `greedy` that blocks until the test releases it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self.running = 0
        monkeypatch.setattr(receiving, "accept", self)

    def __call__(self, body: Body, keys: IngestKeys, key: IngestKey, max_bytes: int) -> Accepted:
        if body.client.startswith("greedy"):
            self.running += 1
            self.go_on.wait(60)
            self.running -= 1
        return accept(body, keys, key, max_bytes)


async def send(reception: Reception, client: str) -> None:
    key = reception.keys.authenticate({})
    with reception.in_flight.request() as held:
        await reception.take(Body("traces", LARGE, "protobuf", "identity", client), key, held)


def test_the_bodies_of_others_are_decoded_meanwhile(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)

    async def attack() -> None:
        greedy = [asyncio.create_task(send(reception, "greedy")) for _ in range(8)]
        try:
            await asyncio.sleep(0.2)
            async with asyncio.timeout(20):
                await asyncio.gather(*(send(reception, f"other-{number}") for number in range(4)))
            assert slow.running == 1
        finally:
            slow.go_on.set()
            await asyncio.gather(*greedy, return_exceptions=True)

    in_own_thread(asyncio.run, attack())


def test_a_sender_that_waits_too_long_is_asked_to_retry(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    monkeypatch.setattr("collector.receivers.decoders.WAIT_SECONDS", 0.3)

    async def attack() -> None:
        greedy = [asyncio.create_task(send(reception, f"greedy-{number}")) for number in range(2)]
        try:
            await asyncio.sleep(0.2)
            with pytest.raises(TryAgainError, match="Too many bodies wait"):
                await send(reception, "other")
            with pytest.raises(TryAgainError, match="Too many bodies wait"):
                await send(reception, "greedy-1")
        finally:
            slow.go_on.set()
        await asyncio.gather(*greedy)
        await send(reception, "other")

    in_own_thread(asyncio.run, attack())


def test_a_disconnected_sender_occupies_its_thread_until_the_work_ends(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)

    async def attack() -> None:
        for _ in range(4):  # begun and cancelled, as a gRPC client can
            gone = asyncio.create_task(send(reception, "greedy"))
            await asyncio.sleep(0.1)
            gone.cancel()
        async with asyncio.timeout(20):
            await send(reception, "other")
        assert slow.running == 1
        assert reception.in_flight.peak_is_over(1) is False, "its memory is still counted"
        slow.go_on.set()

    in_own_thread(asyncio.run, attack())
