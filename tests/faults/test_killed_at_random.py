"""Processes are killed at random and the policy changes: acknowledged requests are stored exactly once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from instance import Instance
from load import Load, assert_each_once, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "10"))  # `make faults` takes 50
_ROLES = ("receiver", "server", "worker", "worker", "supervisor")
_POLICIES = ("redaction: {}\n", "redaction: {default_action: pseudonym}\n", "redaction: {default_action: drop}\n")


def put(policy: Path, text: str) -> None:
    """Change the policy file in one step, as an editor does."""
    new = policy.with_suffix(".new")
    new.write_text(text)
    new.rename(policy)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return tmp_path / "spanledger.yaml"


@pytest.fixture
def instance(tmp_path: Path, policy: Path) -> Iterator[Instance]:
    put(policy, _POLICIES[0])
    started = Instance(tmp_path / "data").start("collect")
    yield started
    started.stop()


@pytest.mark.timeout(900)
def test_what_was_acknowledged_is_stored_once_whatever_is_killed_or_changed(instance: Instance, policy: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    rng = random.Random(seed)
    load = Load(instance, patient=True)
    instance.wait(lambda: bool(stored(instance)), "a span under the first policy")
    killed = 0
    while killed < ROUNDS:
        put(policy, _POLICIES[killed // 4 % len(_POLICIES)])
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
            instance.start("collect")
    load.until(len(load.acknowledged) + 100)
    acknowledged = load.stop()
    instance.whole()
    assert len(acknowledged) > ROUNDS
    assert_each_once(instance, acknowledged)
    assert instance.sql("SELECT uniqExact(redaction_version) > 1 AS several FROM spans") == [{"several": 1}]
