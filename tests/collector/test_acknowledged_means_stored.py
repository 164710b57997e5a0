"""What the door acknowledged is in the store exactly once, whatever is killed meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from agent_runs import run_request
from instance import Instance, children

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    started = Instance(tmp_path / "data").start()
    yield started
    started.stop()


class Load:
    """Sends runs from a thread until it is told to stop, and remembers what was acknowledged."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._stop = threading.Event()
        self.acknowledged: list[str] = []
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            body, span_ids = run_request([f"Where is parcel {number}?", "Thank you."] * 4)
            with contextlib.suppress(httpx.HTTPError):
                if self._instance.send(body).status_code == httpx.codes.OK:
                    self.acknowledged += span_ids

    def until(self, count: int) -> None:
        self._instance.wait(lambda: len(self.acknowledged) >= count, "acknowledgements")

    def stop(self) -> list[str]:
        self._stop.set()
        self._thread.join()
        return self.acknowledged


def stored(instance: Instance) -> Counter[str]:
    return Counter(row["span_id"] for row in instance.sql("SELECT span_id FROM spans"))


def assert_each_once(instance: Instance, acknowledged: list[str]) -> None:
    instance.settled()
    found = stored(instance)
    assert {span_id: found[span_id] for span_id in acknowledged if found[span_id] != 1} == {}
    runs = instance.sql("SELECT sum(span_count) AS spans, sum(model_calls) AS calls FROM runs FINAL")[0]
    assert runs["spans"] == len(found)


@pytest.mark.parametrize("rounds", [3])
def test_everything_is_killed_under_load(instance: Instance, rounds: int) -> None:
    acknowledged: list[str] = []
    for _ in range(rounds):
        load = Load(instance)
        load.until(300)
        instance.kill()
        acknowledged += load.stop()
        instance.start()
    assert_each_once(instance, acknowledged)


def test_only_the_supervisor_is_killed(instance: Instance) -> None:
    load = Load(instance)
    load.until(200)
    orphans = instance.processes()[1:]
    assert instance.process is not None
    os.kill(instance.process.pid, signal.SIGKILL)
    instance.process.wait()
    acknowledged = load.stop()
    instance.start()
    assert_each_once(instance, acknowledged)
    assert not {pid for pid in orphans if Path(f"/proc/{pid}").exists() and pid not in instance.processes()}


@pytest.mark.parametrize("which", ["door", "house", "worker"])
def test_one_process_is_killed_and_started_again(instance: Instance, which: str) -> None:
    assert instance.process is not None
    house = instance.endpoints["pid"]
    workers = children(house)
    door = next(pid for pid in children(instance.process.pid) if pid not in {house, *workers} and not children(pid))
    load = Load(instance)
    load.until(200)
    victim = {"door": door, "house": house, "worker": workers[-1]}[which]
    os.kill(victim, signal.SIGKILL)
    before = len(load.acknowledged)
    load.until(before + 100)
    acknowledged = load.stop()
    if which == "house":
        instance.ready()
    assert_each_once(instance, acknowledged)
