"""Many large gRPC messages at once: some are accepted, the others retry, and the receiver releases the memory."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from memory import BOUNDS, resident
from otlp_grpc_client import Client
from running_receiver import RunningReceiver, one_span

from collector.settings import Settings
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SENDERS = 24
_BYTES = 24 << 20
_PATIENCE = 60.0  # seconds


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[RunningReceiver]:
    receiver = RunningReceiver(Settings(data_dir=tmp_path), Policy())
    yield receiver
    receiver.close()


def send(receiver: RunningReceiver, number: int) -> grpc.StatusCode:
    """Send a message that is not a request."""
    with Client(receiver.grpc_address) as client:
        return client.send(one_span(number) + bytes(_BYTES))[0]


def test_the_memory_of_large_messages_is_given_back(receiver: RunningReceiver) -> None:
    pid = receiver.process.pid
    assert pid
    with ThreadPoolExecutor(_SENDERS) as pool:
        answers = Counter(pool.map(lambda number: send(receiver, number), range(1, 2 * _SENDERS + 1)))
    assert answers.keys() <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED}
    deadline = time.monotonic() + _PATIENCE
    while resident(pid) > BOUNDS["receiver"]:
        assert time.monotonic() < deadline, f"the receiver still holds {resident(pid) >> 20} MiB"
        time.sleep(0.1)
    with Client(receiver.grpc_address) as client:
        assert client.send(one_span())[0] == grpc.StatusCode.OK
