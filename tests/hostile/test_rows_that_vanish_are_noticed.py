"""Rows missing from the store are reported by ledger and doctor; rows deleted on purpose are not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pyarrow as pa
from agent_runs import run_request
from instance import command
from ledger_entries import entry
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schema.ledger_copy import LEDGER_SCHEMA
from schema.maintenance import drills
from schema.maintenance.purge import purge
from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.queries.holdings import Vanished, holdings
from schema.queries.scope import EVERYTHING
from schema.span import to_batch

if TYPE_CHECKING:
    from pathlib import Path

    from schema.store.store import Store

RUNS = 12


def _fill(store: Store) -> list[str]:
    """Store runs of two spans with their ledger; return their trace ids."""
    traces = []
    for _ in range(RUNS):
        request = ExportTraceServiceRequest.FromString(run_request(["Where is my parcel?"])[0])
        batch = to_batch(normalise(request, received_at=time.time_ns(), policy=Policy(), prices=Prices()))
        traces.append(batch.column("trace_id")[0].as_py())
        store.insert("spans", batch, token=traces[-1])
    minute = time.time_ns() // 60_000_000_000 * 60
    counted = entry("one", 1, "payments", minute, version=1, accepted=2 * RUNS, stored=2 * RUNS)
    store.insert("ledger", pa.RecordBatch.from_pylist([counted], schema=LEDGER_SCHEMA), token=str(time.time_ns()))
    return traces


def test_purged_rows_are_not_missed_and_vanished_rows_are(empty_store: Store) -> None:
    traces = _fill(empty_store)
    assert not holdings(empty_store, EVERYTHING).sentences
    purge(empty_store, "trace", traces[0])
    drills.remove(empty_store, traces[1:3], "a service of a drill")
    assert not holdings(empty_store, EVERYTHING).sentences
    empty_store.command("DELETE FROM spans WHERE trace_id = {trace:String}", {"trace": traces[3]})
    assert holdings(empty_store, EVERYTHING).vanished == [Vanished("spans", 2)]


def test_a_part_that_was_detached_as_broken_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "sent.traces.pb").write_bytes(run_request(["Where is my parcel?"] * 20)[0])
    assert command(data, "ingest", str(tmp_path / "sent.traces.pb")).returncode == 0
    done = command(data, "ledger")
    assert done.returncode == 0, done.stderr
    parts = [file for file in (data / "store").rglob("data.bin") if _is_of_spans(file)]
    assert parts
    for file in parts:
        file.with_name("count.txt").unlink()
        file.with_name("columns.txt").write_bytes(b"damaged")
    found = command(data, "ledger")
    assert found.returncode == 1
    assert "rows of spans fewer than were stored" in found.stderr
    assert "was detached (broken" in found.stderr
    doctor = command(data, "doctor")
    assert doctor.returncode == 1
    assert "rows of spans fewer than were stored" in doctor.stdout


def _is_of_spans(file: Path) -> bool:
    return b"arrival_team" in file.with_name("columns.txt").read_bytes()
