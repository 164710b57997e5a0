"""A worker without progress is replaced. Only the text that stopped it is removed, and it is counted."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from otlp_requests import request

import redaction.redactor
from collector.pipeline import watch, workers
from collector.pipeline.worker import serve_requests
from collector.pipeline.workers import WorkerPool
from collector.spool.records import Waiting
from redaction.anonymizer.operators import UNREDACTED_CONTENT_REMOVED
from redaction.text import UNREDACTABLE
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.pipeline.worker import Rows

PATIENCE = 120.0  # seconds; nothing here asserts a speed
SLOW = re.compile(r"(?:a|aa)+$")
NAMES = redaction.redactor.leaves


def stalling(text: str, path: tuple[str, ...] = ()) -> Any:
    if "hard to read" in text:
        SLOW.match("a" * 100 + "b")  # one call of the interpreter, longer than anybody waits
    return NAMES(text, path)


def serve_stalling(*arguments: Any) -> None:
    """A worker with a pattern that backtracks on some texts."""
    redaction.redactor.leaves = stalling
    serve_requests(*arguments)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    started = WorkerPool(1, Policy(), serve=serve_stalling)
    yield started
    started.close()


def ask(pool: WorkerPool, number: int, *texts: str) -> Rows:
    body = request(*({"attributes": {"input.value": text}} for text in texts)).SerializeToString()
    assert pool.submit(Waiting(number, "traces", body, "sender", "open", 1, len(texts), 0, None))
    deadline = time.monotonic() + PATIENCE
    while not (answers := pool.results(0.1)):
        assert time.monotonic() < deadline, "the worker is still at it"
    return answers[0]


def contents(rows: Rows) -> list[tuple[str, int]]:
    return [
        (row["input"], dict(row["findings"]).get(UNREDACTABLE, 0))
        for row in rows.table().select(["input", "findings"]).to_pylist()
    ]


def test_a_text_that_stops_a_worker_is_removed_and_the_others_are_stored(pool: WorkerPool) -> None:
    rows = ask(pool, 1, "short", "a text that is hard to read", "shorter")
    removed = (UNREDACTED_CONTENT_REMOVED, 1)
    assert (rows.error, rows.unredacted, pool.restarts) == ("", 1, 1)
    assert contents(rows) == [("short", 0), removed, ("shorter", 0)]
    again = ask(pool, 2, "a text that is hard to read", "long")
    assert contents(again) == [removed, ("long", 0)]
    assert pool.restarts == 1, "what has stopped a worker once does not stop the next one"


def test_a_request_full_of_such_texts_costs_a_bounded_number_of_workers(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_LONGEST", (None, 12))
    before = pool.restarts
    rows = ask(pool, 3, *(f"the {number} is hard to read" for number in range(9)), "short")
    assert contents(rows) == [(UNREDACTED_CONTENT_REMOVED, 1)] * 9 + [("short", 0)]
    assert (rows.error, pool.restarts) == ("", before + 1)


def test_a_worker_without_progress_is_replaced_and_the_request_is_retried(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(pool, 4, "short").error == ""
    monkeypatch.setattr(watch, "MAX_IDLE_CHECKS", 20)
    stopped = pool._workers[0]._process.pid
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    assert ask(pool, 5, "short" * 100_000).error == "the worker did not get on"
    assert ask(pool, 5, "short").error == ""
