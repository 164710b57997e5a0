"""Unit tests of delivery: limits of the dispatcher, postponed jobs, retried runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from collector.exporters.batch import Block
from collector.jobs import run_updates, schedule
from collector.jobs.run_updates import RunUpdates
from collector.jobs.schedule import Job, run_due
from collector.pipeline.dispatcher import Dispatcher
from schema.policy.policy import Policy
from schema.store.errors import QueryFailedError, StoreUnavailableError


class Pool:
    """A pool that accepts `room` requests and returns no results."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.in_flight: dict[int, str] = {}

    @property
    def full(self) -> bool:
        return len(self.in_flight) >= self.room

    def submit(self, request: Any) -> bool:
        if self.full:
            return False
        self.in_flight[request.id] = request.key_name
        return True


class Waiting:
    """A spool of requests that records the limits of each `take`."""

    def __init__(self, key_names: list[str], size: int = 1) -> None:
        self.requests = [
            SimpleNamespace(id=number, key_name=name, body=b"x" * size) for number, name in enumerate(key_names)
        ]
        self.takes: list[tuple[int, int]] = []

    def take(self, room: int, room_bytes: int, known: set[int], _: Any) -> list[Any]:
        self.takes.append((room, room_bytes))
        return [request for request in self.requests if request.id not in known][:room]


def test_the_dispatcher_gives_each_key_its_turn() -> None:
    pool = Pool(room=4)
    Dispatcher(Waiting(["flood"] * 20 + ["quiet"] * 2), pool, Block()).hand_out()  # type: ignore[arg-type]
    assert sorted(pool.in_flight.values()) == ["flood", "flood", "quiet", "quiet"]


def test_the_dispatcher_holds_a_bounded_number_and_takes_nothing_twice() -> None:
    pool, spool = Pool(room=0), Waiting(["one"] * 100)
    dispatcher = Dispatcher(spool, pool, Block())  # type: ignore[arg-type]
    for _ in range(3):
        dispatcher.hand_out()
    assert spool.takes == [(64, 32 * 2**20)], "at its limit it takes no more"
    pool.room = 70
    dispatcher.hand_out()
    assert len(pool.in_flight) == 64


def test_the_dispatcher_holds_a_bounded_number_of_bytes() -> None:
    spool = Waiting(["one"] * 4, size=8 * 2**20)
    dispatcher = Dispatcher(spool, Pool(room=0), Block())  # type: ignore[arg-type]
    for _ in range(3):
        dispatcher.hand_out()
    assert len(spool.takes) == 1


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        for module in (schedule, run_updates):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))


class Failing(Job):
    failure, every, retry = "it is not done", 2.0, 30.0

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error, self.runs = error, 0

    def _work(self) -> None:
        self.runs += 1
        if self.error:
            raise self.error


def test_a_job_that_the_store_refuses_is_postponed_and_the_others_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch)
    refused, well = Failing(QueryFailedError("no grant")), Failing(None)
    for seconds in (0, 1, 2, 28, 3):
        clock.now += seconds
        run_due((refused, well), busy=False)
    assert (refused.runs, well.runs) == (2, 4)
    assert "it is not done, next attempt in 30 s: no grant" in caplog.text


def test_an_unavailable_store_is_an_error_of_the_loop() -> None:
    with pytest.raises(StoreUnavailableError):
        run_due((Failing(StoreUnavailableError("away")),), busy=False)


def test_touched_runs_stay_touched_until_they_are_recomputed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    passes: list[set[str]] = []

    def refresh(_: object, traces: set[str], __: Policy) -> None:
        passes.append(set(traces))
        if len(passes) == 1:
            raise QueryFailedError("no grant")

    monkeypatch.setattr(run_updates, "sweep", lambda _: None)
    monkeypatch.setattr(run_updates, "stale_traces", lambda _: ["left behind"])
    monkeypatch.setattr(run_updates, "refresh_runs", refresh)
    updates = RunUpdates(None, Policy)  # type: ignore[arg-type]
    updates.touch(["new", ""])
    updates.run()
    assert updates.caught_up
    assert not updates.up_to_date
    assert not updates.is_due(busy=False)
    clock.now += 30
    assert updates.is_due(busy=False)
    assert not updates.is_due(busy=True), "under load a pass waits a little longer"
    updates.run()
    assert passes == [{"new", "left behind"}] * 2
    assert updates.up_to_date
