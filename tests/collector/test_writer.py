"""The writer with a real spool, worker and store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.delivery import Writer
from collector.jobs import run_updates
from collector.pipeline.workers import WorkerPool
from collector.spool.key_files import load_or_create_key
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool
from schema.policy.policy import Policy
from schema.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schema.store.store import Store


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
    monkeypatch.setattr(run_updates.RunUpdates, "retry", 0.5)
    body, span_ids = run_request(["Where is it?"])
    spool.append([Incoming("traces", body, "test", "", 2)])
    writer = Writer(spool, empty_store, pool, Policy())
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


def test_a_request_that_no_worker_can_process_is_quarantined_and_the_next_one_is_stored(
    empty_store: Store, spool: Spool, pool: WorkerPool
) -> None:
    body, span_ids = run_request(["And now?"])
    spool.append([Incoming("traces", b"\xff no protobuf", "test", "", 1), Incoming("traces", body, "test", "", 2)])
    Writer(spool, empty_store, pool, Policy()).drain()
    assert count(empty_store, "spans") == len(span_ids)
    assert [(request.attempts, request.reason) for request in spool.quarantined()] == [(3, "DecodeError")]


@pytest.mark.parametrize("readable", [False, True])
def test_requests_wait_while_the_store_refuses_every_statement(
    empty_store: Store, spool: Spool, pool: WorkerPool, *, readable: bool
) -> None:
    body, span_ids = run_request(["Where is it now?"])
    spool.append([Incoming("traces", body, "test", "", 2)])
    writer = Writer(spool, empty_store, pool, Policy())
    empty_store.command("RENAME TABLE spans TO spans_away")
    if readable:
        empty_store.command("CREATE VIEW spans AS SELECT * FROM spans_away")
    try:
        for _ in range(5):
            with pytest.raises(StoreError):
                writer.drain()
    finally:
        empty_store.command("DROP TABLE IF EXISTS spans")
        empty_store.command("RENAME TABLE spans_away TO spans")
    assert (spool.counts().waiting_requests, spool.quarantined()) == (1, [])
    writer.drain()
    assert count(empty_store, "spans") == len(span_ids)


def test_a_run_without_its_root_is_closed_also_after_a_restart(
    empty_store: Store, spool: Spool, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ExportTraceServiceRequest.FromString(run_request(["And now?"])[0])
    del request.resource_spans[0].scope_spans[0].spans[0]
    spool.append([Incoming("traces", request.SerializeToString(), "test", "", 1)])
    Writer(spool, empty_store, pool, Policy()).drain()
    assert closed(empty_store) == [False]
    Writer(spool, empty_store, pool, Policy()).drain()
    assert closed(empty_store) == [False], "it has been silent for a moment only"
    # An hour later:
    empty_store.command("UPDATE spans SET inserted_at = inserted_at - INTERVAL 1 HOUR WHERE 1")
    rows = empty_store.query("SELECT * REPLACE (updated_at - INTERVAL 1 HOUR AS updated_at) FROM runs FINAL")
    empty_store.command("TRUNCATE TABLE runs")
    empty_store.insert("runs", rows, token="an hour ago")
    restarted = Writer(spool, empty_store, pool, Policy())
    restarted.drain()
    assert closed(empty_store) == [True]
    looked = []
    monkeypatch.setattr(run_updates, "close_silent", lambda *_: looked.append(1))
    for _ in range(20):
        restarted.step()
    assert looked == [], "it looks at intervals, not at every step"


def closed(store: Store) -> list[bool]:
    found: list[bool] = store.query("SELECT closed FROM runs FINAL").column("closed").to_pylist()
    return found
