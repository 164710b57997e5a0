"""Any process may die at any moment, again and again: what was acknowledged is stored once, and the ledger adds up."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from instance import Instance
from load import Load, assert_each_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "10"))  # `make faults` takes 50
_ROLES = ("door", "house", "worker", "worker", "supervisor")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    started = Instance(tmp_path / "data").start()
    yield started
    started.stop()


@pytest.mark.timeout(900)
def test_what_was_acknowledged_is_stored_once_whatever_is_killed(instance: Instance) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    rng = random.Random(seed)
    load = Load(instance, patient=True)
    killed = 0
    while killed < ROUNDS:
        time.sleep(rng.uniform(0.05, 1.0))
        role = rng.choice(_ROLES)
        victim = instance.by_role().get(role)  # none: it is just starting
        if victim is None:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            killed += 1
        if role == "supervisor":
            assert instance.process is not None
            instance.process.wait()
            instance.start()
    load.until(len(load.acknowledged) + 100)
    acknowledged = load.stop()
    instance.whole()
    assert len(acknowledged) > ROUNDS
    assert_each_once(instance, acknowledged)
