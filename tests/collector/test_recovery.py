"""Inserts that were interrupted and finished under another redaction policy: every row is stored once."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from agent_runs import attributes
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.delivery import Writer
from collector.pipeline.workers import WorkerPool
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool
from schema.ledger_copy import TABLES
from schema.policy.policy import Policy
from schema.policy.redaction import RedactionPolicy
from schema.store.errors import StoreUnavailableError
from schema.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collector.spool.spool import Signal

MAIL = "jane@example.com"
START = 1_795_325_000_000_000_000  # 2026-11-22
WEEK = 7 * 24 * 3600 * 10**9
KEEPING = Policy(redaction=RedactionPolicy.model_validate({"actions": {"EMAIL_ADDRESS": "keep"}}))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool.sqlite", Seal(bytes(32)), max_bytes=10**9)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    started = WorkerPool(1, KEEPING)
    yield started
    started.close()


def _trace(number: int) -> bytes:
    """Two calls at the same instant, and one of another week, which is inserted as a block of its own."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for place, start in enumerate((START, START, START - WEEK)):
        spans.add(
            trace_id=bytes([number]) * 16,
            span_id=bytes([number, place + 1]) * 4,
            name=f"write to {MAIL}",
            start_time_unix_nano=start,
            end_time_unix_nano=start + 1,
        )
    return request.SerializeToString()


def _logs(number: int) -> bytes:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for text in ("sent", "answered", "answered"):
        records.add(time_unix_nano=START + number).body.string_value = f"{text} {MAIL}"
    return request.SerializeToString()


def _points(number: int) -> bytes:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=f"letters to {MAIL}")
    for value in (1.0, 1.0, math.nan):
        point = metric.gauge.data_points.add(time_unix_nano=START + number, as_double=value)
        point.attributes.extend(attributes({"to": MAIL}))
    return request.SerializeToString()


def _this_week(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.equal(rows.column("start_time").cast(pa.int64()), START))


@pytest.mark.parametrize("arrived", [0, 1, 2, 3, "a week of the spans"])
def test_rows_are_there_once_though_redaction_changed_between_the_tries(
    empty_store: Store, spool: Spool, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, arrived: int | str
) -> None:
    """The writer dies after so many inserts, before the spool deletes the requests. A block is atomic only per week."""
    for number in (1, 2):
        bodies: dict[Signal, bytes] = {"traces": _trace(number), "logs": _logs(number), "metrics": _points(number)}
        spool.append([Incoming(signal, body, "s", "k", 3) for signal, body in bodies.items()])
    real, made = Store.insert, itertools.count()

    def interrupted(store: Store, table: str, rows: pa.Table, *, token: str) -> None:
        if table not in TABLES.values():
            return
        if arrived != next(made):
            in_part = isinstance(arrived, str) and table == "spans"
            real(store, table, _this_week(rows) if in_part else rows, token=token)
            if not in_part:
                return
        raise StoreUnavailableError("killed")

    def killed(*_: object) -> None:
        raise StoreUnavailableError("killed")

    pool.take_over(KEEPING, b"")
    with monkeypatch.context() as patched:
        patched.setattr(Store, "insert", interrupted)
        patched.setattr(spool, "done", killed)
        with pytest.raises(StoreUnavailableError):
            Writer(spool, empty_store, pool, KEEPING).drain()
    before = empty_store.query("SELECT count() AS n FROM spans").to_pylist()[0]["n"]
    pool.take_over(Policy(), b"")
    Writer(spool, empty_store, pool, Policy()).drain()
    assert spool.counts().waiting_requests == 0
    spans = empty_store.query("SELECT span_id, name FROM spans ORDER BY span_id").to_pylist()
    ids = [(bytes([number, place]) * 4).hex() for number in (1, 2) for place in (1, 2, 3)]
    assert [span["span_id"] for span in spans] == ids
    assert sum(MAIL in span["name"] for span in spans) == before, "what was stored before is left as it was"
    assert _counts(empty_store, "SELECT splitByChar(' ', body)[1] AS word FROM logs") == {"sent": 2, "answered": 4}
    assert _counts(empty_store, "SELECT toString(value) AS word FROM metric_points") == {"1": 4, "nan": 2}


def _counts(store: Store, sql: str) -> Counter[str]:
    return Counter(row["word"] for row in store.query(sql).to_pylist())
