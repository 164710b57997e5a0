"""Rows of the table `runs` in Arrow, and newer versions of them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_TIME = pa.timestamp("ns", "UTC")
RUN_SCHEMA: Final[pa.Schema] = pa.schema(
    [(name, pa.string()) for name in ("trace_id", "team", "workflow", "workflow_version", "session_id", "user_id")]
    + [(name, pa.string()) for name in ("environment", "service_name", "root_name")]
    + [("start_time", _TIME), ("duration_ns", pa.uint64()), ("outcome", pa.string()), ("error", pa.bool_())]
    + [(name, pa.uint32()) for name in ("model_calls", "model_errors", "tool_calls", "tool_errors")]
    + [(name, pa.uint64()) for name in ("input_tokens", "output_tokens", "cached_input_tokens")]
    + [("cost_usd", pa.decimal128(38, 9)), ("unpriced_calls", pa.uint32())]
    + [("call_span_ids", pa.list_(pa.string()))]
    + [("models", pa.list_(pa.string())), ("tools", pa.list_(pa.string())), ("span_count", pa.uint32())]
    + [("linked_traces", pa.list_(pa.string())), ("first_trace_id", pa.string())]
    + [("complete", pa.bool_()), ("closed", pa.bool_())]
    + [("input_preview", pa.string()), ("output_preview", pa.string())]
    + [("findings", pa.map_(pa.string(), pa.uint64())), ("retain_until", pa.date32()), ("updated_at", _TIME)]
    + [("is_deleted", pa.uint8())]
)
"""Arrow schema of a batch of runs; the columns of the table `runs` in their order."""


def with_column(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return the rows with other values in one column."""
    return rows.set_column(rows.schema.get_field_index(name), name, values)


def next_version(rows: pa.Table) -> pa.Table:
    """Return rows as the store gave them, changed in a column or two, as RUN_SCHEMA has them and with the next version.

    The version (`updated_at`) grows by 1 ns only: it says up to when the run's spans were seen, and a pass that wrote
    the run meanwhile saw more of them.
    """
    version = pc.add(rows.column("updated_at").cast(_TIME).cast(pa.int64()), 1).cast(_TIME)
    return with_column(rows, "updated_at", version).select(RUN_SCHEMA.names).cast(RUN_SCHEMA)
