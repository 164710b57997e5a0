"""Acknowledged requests are in the store exactly once, whichever process is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from instance import Instance
from load import Load, assert_each_once

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    started = Instance(tmp_path / "data").start("collect")
    yield started
    started.stop()


@pytest.mark.parametrize("rounds", [3])
def test_everything_is_killed_under_load(instance: Instance, rounds: int) -> None:
    acknowledged: list[str] = []
    for _ in range(rounds):
        load = Load(instance)
        load.until(300)
        instance.kill()
        acknowledged += load.stop()
        instance.start("collect")
    assert_each_once(instance, acknowledged)


def test_only_the_supervisor_is_killed(instance: Instance) -> None:
    load = Load(instance)
    load.until(200)
    orphans = instance.processes()[1:]
    assert instance.process is not None
    os.kill(instance.process.pid, signal.SIGKILL)
    instance.process.wait()
    acknowledged = load.stop()
    instance.start("collect")
    assert_each_once(instance, acknowledged)
    assert not {pid for pid in orphans if Path(f"/proc/{pid}").exists() and pid not in instance.processes()}


@pytest.mark.parametrize("which", ["receiver", "server", "worker"])
def test_one_process_is_killed_and_started_again(instance: Instance, which: str) -> None:
    load = Load(instance)
    load.until(200)
    os.kill(instance.by_role()[which], signal.SIGKILL)
    before = len(load.acknowledged)
    load.until(before + 100)
    acknowledged = load.stop()
    if which == "server":
        instance.ready()
    assert_each_once(instance, acknowledged)
