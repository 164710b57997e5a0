"""What happened in one run?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from schema.tree import build_tree

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from schema.store import Store

_MAPS = ("attributes", "resource_attributes", "context", "findings")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row of `runs`; docs/schema.md says what each column means."""

    trace_id: str
    team: str
    workflow: str
    workflow_version: str
    session_id: str
    user_id: str
    environment: str
    service_name: str
    root_name: str
    start_time: datetime
    duration_ns: int
    outcome: str
    error: bool
    model_calls: int
    model_errors: int
    tool_calls: int
    tool_errors: int
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    cost_usd: Decimal | None
    unpriced_calls: int
    call_span_ids: list[str]
    models: list[str]
    tools: list[str]
    span_count: int
    linked_traces: list[str]
    first_trace_id: str
    complete: bool
    closed: bool
    input_preview: str
    output_preview: str
    findings: dict[str, int]
    retain_until: date
    updated_at: datetime


def _micros(table: pa.Table) -> pa.Table:
    """Cut timestamps to microseconds, which is what Python's datetime holds."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            cut = table.column(index).cast(pa.timestamp("us", "UTC"), safe=False)
            table = table.set_column(index, column.name, cut)
    return table


def load_run(store: Store, trace_id: str) -> RunRow | None:
    """Return the run, or None if the store has none with this trace id."""
    rows = _micros(
        store.query("SELECT * FROM runs FINAL WHERE trace_id = {trace:String}", {"trace": trace_id})
    ).to_pylist()
    return RunRow(**rows[0] | {"findings": dict(rows[0]["findings"])}) if rows else None


def load_tree(store: Store, trace_id: str) -> pa.Table:
    """Return the light columns of every span of the run in tree pre-order.

    Besides the columns of `spans`: parent (row, -1 for a root), depth, end (row after the subtree), orphan, and
    start_ns (from the start of the run). No rows if the store has no such run.
    """
    spans = store.query(
        "SELECT span_id, parent_span_id, kind, name, toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns,"
        " status, approval_status, model, tool_name, input_tokens, output_tokens, cost_usd"
        " FROM spans WHERE trace_id = {trace:String}"
        " ORDER BY start_time, span_id, received_at DESC LIMIT 1 BY span_id",
        {"trace": trace_id},
    )
    starts = spans.column("start_ns").to_pylist()
    tree = build_tree(spans.column("span_id").to_pylist(), spans.column("parent_span_id").to_pylist(), starts)
    first = min(starts, default=0)
    offsets = pa.array([starts[index] - first for index in tree.order], pa.int64())
    ordered = spans.take(pa.array(tree.order, pa.int64())).drop_columns(["parent_span_id", "start_ns"])
    for name, values in (("parent", tree.parent), ("depth", tree.depth), ("end", tree.end)):
        ordered = ordered.append_column(name, pa.array(values, pa.int32()))
    return ordered.append_column("start_ns", offsets).append_column("orphan", pa.array(tree.orphan, pa.bool_()))


def load_span(store: Store, trace_id: str, span_id: str) -> dict[str, Any] | None:
    """Return every column of one span (times as aware datetimes, maps as dicts), or None if there is none."""
    rows = _micros(
        store.query(
            "SELECT * FROM spans WHERE trace_id = {trace:String} AND span_id = {span:String}"
            " ORDER BY received_at DESC LIMIT 1",
            {"trace": trace_id, "span": span_id},
        )
    ).to_pylist()
    return rows[0] | {name: dict(rows[0][name]) for name in _MAPS} if rows else None
