"""Spans and log records for tests: real exports in any order, and single ones written as plain values."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schema.normalise.logs import LOG_SCHEMA, log_batch
from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.runs.log_content import join_logs
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from pathlib import Path

    from schema.store.store import Store

TRACE, CALL = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
START = time.time_ns()  # what came in long ago is deleted as it arrives
MAPS = ("attributes", "resource_attributes", "findings")
ORDERS = {
    "spans first": (("traces", "logs"), ()),
    "logs first": (("logs", "traces"), ()),
    "a pass after each request, logs backwards": (("traces", "logs"), ("join", "backwards")),
    "a pass after each request, spans last": (("logs", "traces"), ("join", "backwards")),
}


def ingest(store: Store, folder: Path, order: str) -> set[str]:
    signals, how = ORDERS[order]
    traces: set[str] = set()
    prices = Prices()
    for signal in signals:
        for path in sorted(folder.glob(f"*.{signal}.pb"), reverse="backwards" in how):
            body = path.read_bytes()
            if signal == "traces":
                request = ExportTraceServiceRequest.FromString(body)
                spans = normalise(request, received_at=START, policy=Policy(), prices=prices)
                traces.update(span.trace_id for span in spans)
                store.insert("spans", to_batch(spans), token=uuid4().hex)
            else:
                logs = ExportLogsServiceRequest.FromString(body)
                records = sum(len(scope.log_records) for each in logs.resource_logs for scope in each.scope_logs)
                batch = log_batch(logs, [{}] * records, received_at=START, policy=Policy())
                store.insert("logs", batch, token=uuid4().hex)
                traces.update(batch.column("trace_id").to_pylist())
            if "join" in how:
                join_logs(store, traces)
    return traces


def stored(store: Store, columns: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.query(f"SELECT {columns} FROM spans ORDER BY trace_id, span_id").to_pylist()
    return rows


CONTENT = "trace_id, span_id, kind, input, output, input_preview, output_preview, prompt_hash, cost_usd, cost_source"


def call(**more: Any) -> Span:
    shape: dict[str, Any] = {"kind": "llm", "model": "m", "duration_ns": 10**9, "received_at": START}
    return Span(trace_id=TRACE, span_id=CALL, start_time=START, retain_until=60_000, **shape | more)


def record(event_name: str, body: Any = "", at: int = 0, **more: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "trace_id": TRACE,
        "span_id": CALL,
        "time": START + at,
        "event_name": event_name,
        "body": body if isinstance(body, str) else json.dumps(body),
        "received_at": START,
        "retain_until": 60_000,
    }
    return dict.fromkeys(LOG_SCHEMA.names, "") | {name: [] for name in MAPS} | shape | more


def add(store: Store, *records: dict[str, Any]) -> None:
    store.insert("logs", pa.RecordBatch.from_pylist(list(records), schema=LOG_SCHEMA), token=uuid4().hex)
