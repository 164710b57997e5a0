"""Rows of the table `runs`: as Python values, as Arrow tables, and newer versions of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from schema.runs.session_links import RunKey

_TIME = pa.timestamp("ns", "UTC")
RUN_SCHEMA: Final[pa.Schema] = pa.schema(
    [(name, pa.string()) for name in ("trace_id", "team", "workflow", "workflow_version", "session_id", "user_id")]
    + [(name, pa.string()) for name in ("environment", "service_name", "root_name")]
    + [("start_time", _TIME), ("duration_ns", pa.uint64()), ("outcome", pa.string()), ("error", pa.bool_())]
    + [(name, pa.uint32()) for name in ("model_calls", "model_errors", "tool_calls", "tool_errors")]
    + [(name, pa.uint64()) for name in ("input_tokens", "output_tokens", "cached_input_tokens")]
    + [("cost_usd", pa.decimal128(38, 9)), ("unpriced_calls", pa.uint32())]
    + [("unpriced_reasons", pa.map_(pa.string(), pa.uint32())), ("reported_cost_usd", pa.decimal128(38, 9))]
    + [("call_span_ids", pa.list_(pa.string()))]
    + [("models", pa.list_(pa.string())), ("tools", pa.list_(pa.string())), ("span_count", pa.uint32())]
    + [("linked_traces", pa.list_(pa.string())), ("first_trace_id", pa.string())]
    + [("complete", pa.bool_()), ("closed", pa.bool_())]
    + [("input_preview", pa.string()), ("output_preview", pa.string())]
    + [("findings", pa.map_(pa.string(), pa.uint64())), ("retain_until", pa.date32()), ("updated_at", _TIME)]
    + [("is_deleted", pa.uint8())]
)
"""Arrow schema of a batch of runs; the columns of the table `runs` in their order."""


class RunSummary(NamedTuple):
    """The columns of a run that follow from its spans and log records; docs/schema.md has their meanings."""

    trace_id: str
    team: str
    workflow: str
    workflow_version: str
    session_id: str
    user_id: str
    environment: str
    service_name: str
    root_name: str
    start_time: int  # ns since the epoch
    duration_ns: int
    outcome: str
    error: bool
    model_calls: int
    model_errors: int
    tool_calls: int
    tool_errors: int
    input_tokens: int | None  # of answered calls; None: no call reported usage
    output_tokens: int | None
    cached_input_tokens: int | None
    cost_usd: Decimal | None
    unpriced_calls: int
    unpriced_reasons: list[tuple[str, int]]
    reported_cost_usd: Decimal | None
    call_span_ids: list[str]
    models: list[str]
    tools: list[str]
    span_count: int
    linked_traces: list[str]
    complete: bool
    input_preview: str
    output_preview: str
    findings: list[tuple[str, int]]
    retain_until: int  # days since the epoch

    @property
    def key(self) -> RunKey:
        """What identifies the run."""
        return self.trace_id, self.team


SUMMARY_SCHEMA: Final[pa.Schema] = pa.schema([RUN_SCHEMA.field(name) for name in RunSummary._fields])
"""Arrow schema of a batch of summaries; the columns of RunSummary in their order."""


class RunRow(NamedTuple):
    """One version of a run: a row of the table."""

    summary: RunSummary
    closed: bool
    updated_at: int  # ns since the epoch; the newest version counts
    first_trace_id: str = ""  # of its session; "" until sessions are assigned


def summary_table(runs: Sequence[RunSummary]) -> pa.Table:
    """Return summaries as a table of SUMMARY_SCHEMA."""
    columns = zip(*runs, strict=True) if runs else [()] * len(SUMMARY_SCHEMA)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SUMMARY_SCHEMA, strict=True)]
    return pa.table(arrays, schema=SUMMARY_SCHEMA)


def run_table(rows: Iterable[RunRow]) -> pa.Table:
    """Return rows as a table of RUN_SCHEMA."""
    versions = list(rows)
    table = summary_table([row.summary for row in versions])
    known = {
        "first_trace_id": [row.first_trace_id for row in versions],
        "closed": [row.closed for row in versions],
        "updated_at": [row.updated_at for row in versions],
        "is_deleted": [0] * len(versions),
    }
    for name, values in known.items():
        table = table.append_column(RUN_SCHEMA.field(name), pa.array(values, RUN_SCHEMA.field(name).type))
    return table.select(RUN_SCHEMA.names)


def with_column(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return the rows with other values in one column."""
    return rows.set_column(rows.schema.get_field_index(name), name, values)


def next_version(rows: pa.Table) -> pa.Table:
    """Return rows as the store gave them, changed in a column or two, as RUN_SCHEMA has them and with the next version.

    The version (`updated_at`) grows by 1 ns only: it is the time up to which the run's spans were read, and a pass that
    wrote the run meanwhile read more of them.
    """
    version = pc.add(rows.column("updated_at").cast(_TIME).cast(pa.int64()), 1).cast(_TIME)
    return with_column(rows, "updated_at", version).select(RUN_SCHEMA.names).cast(RUN_SCHEMA)
