"""Many large gRPC messages at once: some are taken, the others come again, and the door gives the memory back."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from memory import BOUNDS, resident
from otlp_grpc_client import Client
from running_door import Door, one_span

from collector.settings import Settings
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SENDERS = 24
_BYTES = 24 << 20
_PATIENCE = 60.0  # seconds


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(Settings(data_dir=tmp_path), Policy())
    yield door
    door.close()


def send(door: Door, number: int) -> grpc.StatusCode:
    """Send a message that no request can be."""
    with Client(door.grpc_address) as client:
        return client.send(one_span(number) + bytes(_BYTES))[0]


def test_the_memory_of_large_messages_is_given_back(door: Door) -> None:
    pid = door.process.pid
    assert pid
    with ThreadPoolExecutor(_SENDERS) as pool:
        answers = Counter(pool.map(lambda number: send(door, number), range(1, 2 * _SENDERS + 1)))
    assert answers.keys() <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED}
    deadline = time.monotonic() + _PATIENCE
    while resident(pid) > BOUNDS["door"]:
        assert time.monotonic() < deadline, f"the door still holds {resident(pid) >> 20} MiB"
        time.sleep(0.1)
    with Client(door.grpc_address) as client:
        assert client.send(one_span())[0] == grpc.StatusCode.OK
