"""The writer on real parts: spool, worker, store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request

from collector import writer as writing
from collector.seal import Seal, load_or_create_key
from collector.spool import Incoming, Spool
from collector.workers import WorkerPool
from collector.writer import Writer
from schema.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schema.store import Store


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool.sqlite", Seal(load_or_create_key(tmp_path / "key", None)), max_bytes=10**9)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    started = WorkerPool(1, Policy())
    yield started
    started.close()


def count(store: Store, table: str) -> int:
    return int(store.query(f"SELECT count() AS n FROM {table}").to_pylist()[0]["n"])


def test_spans_are_stored_while_runs_cannot_be_written_and_runs_follow(
    empty_store: Store,
    spool: Spool,
    pool: WorkerPool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(writing, "_RUNS_RETRY", 0.5)
    body, span_ids = run_request(["Where is it?"])
    spool.append([Incoming("traces", body, "test", "", 2)])
    writer = Writer(spool, empty_store, pool)
    empty_store.command("RENAME TABLE runs TO runs_away")
    try:
        writer.drain()
    finally:
        empty_store.command("RENAME TABLE runs_away TO runs")
    assert count(empty_store, "spans") == len(span_ids)
    assert spool.counts().waiting_requests == 0
    assert "runs are not up to date" in caplog.text
    while not count(empty_store, "runs FINAL"):
        writer.step()


def test_a_request_that_no_worker_can_read_is_set_aside_and_the_next_one_is_stored(
    empty_store: Store, spool: Spool, pool: WorkerPool
) -> None:
    body, span_ids = run_request(["And now?"])
    spool.append([Incoming("traces", b"\xff no protobuf", "test", "", 1), Incoming("traces", body, "test", "", 2)])
    Writer(spool, empty_store, pool).drain()
    assert count(empty_store, "spans") == len(span_ids)
    assert [(request.attempts, request.reason) for request in spool.quarantined()] == [(3, "DecodeError")]
