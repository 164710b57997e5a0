"""The canonical span: one row of the table `spans`, the same for every dialect."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import accumulate, chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

Kind = Literal[
    "agent", "workflow", "llm", "tool", "retrieval", "embedding", "reranker", "guardrail", "evaluator", "human", "other"
]
Status = Literal["ok", "error", "unset"]
Outcome = Literal["success", "failure", "escalated", "unknown"]

UNASSIGNED = "unassigned"
"""Team and workflow of a span if none is named."""


START_TIME: Final = "otlp.start_time"
"""The attribute that is "unknown" where `start_time` is only the place of a span: its end, else its receipt."""

PLACED_AT: Final = (
    f"multiIf(NOT mapContains(spans.attributes, '{START_TIME}'), 'start',"
    " spans.start_time = spans.received_at, 'receipt', 'end')"
)
"""What `start_time` is, as SQL over `spans`."""


@dataclass(slots=True)
class Span:
    """One redacted span in canonical form.

    Every field is a column of `spans` of the same name, in the same order; `docs/schema.md` has their meanings.
    Strings are empty and numbers are None when unknown: unknown is never zero. Ids are lower-case hex.
    """

    team: str = UNASSIGNED
    workflow: str = UNASSIGNED
    workflow_version: str = ""
    service_name: str = ""
    environment: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    trace_state: str = ""
    session_id: str = ""
    user_id: str = ""
    agent_name: str = ""
    kind: Kind = "other"
    span_kind: str = ""  # OTLP's own: internal, server, client, producer, consumer
    name: str = ""
    start_time: int = 0  # ns since the epoch, UTC; START_TIME tells whether it is unknown
    duration_ns: int = 0
    status: Status = "unset"
    status_message: str = ""
    error_type: str = ""
    provider: str = ""
    model: str = ""
    canonical_model: str = ""  # one name for the many that senders write for one model
    tool_name: str = ""
    tool_call_id: str = ""
    input_tokens: int | None = None  # cached ones included
    output_tokens: int | None = None  # reasoning ones included
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    usage_units: dict[str, int] = field(default_factory=dict)  # what else has a price of its own: unit: count
    usage_note: str = ""  # what was corrected in the counts, or why they contradict one another
    service_tier: str = ""
    cost_usd: Decimal | None = None
    cost_source: str = ""  # "genai-prices VERSION", "override", "sender" or "" when there is no price
    unpriced_reason: str = ""  # why a call has no cost
    reported_cost_usd: Decimal | None = None  # by the sender
    prompt_name: str = ""
    prompt_version: str = ""
    prompt_hash: str = ""
    policy_name: str = ""
    policy_decision: str = ""
    approval_status: str = ""
    approval_by: str = ""
    outcome: str = ""
    evaluation: str = ""  # "success", "failure" or "" if no evaluator judged it
    input: str = ""
    output: str = ""
    input_preview: str = ""
    output_preview: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    resource_attributes: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)  # named by it and its resource: schema/normalise/context.py
    events: str = "[]"  # JSON: [{"time": ns, "name": str, "attributes": {...}}]
    links: str = "[]"  # JSON: [{"trace_id": hex, "span_id": hex, "attributes": {...}}]
    scope_name: str = ""
    response_id: str = ""
    dialect: str = ""
    findings: dict[str, int] = field(default_factory=dict)  # entity: how many were replaced in this span
    redaction_version: str = ""  # of the rules, and a digest of the policy's section where there is one
    truncated: bool = False  # the sender dropped attributes, events or links
    received_at: int = 0  # ns since the epoch, UTC
    retain_until: int = 0  # days since the epoch


_TIME = pa.timestamp("ns", "UTC")
_MONEY = pa.decimal128(18, 9)
_TEXT_MAP = pa.map_(pa.string(), pa.string())
_SPECIAL: dict[str, pa.DataType] = {
    "start_time": _TIME,
    "duration_ns": pa.uint64(),
    "cost_usd": _MONEY,
    "reported_cost_usd": _MONEY,
    "attributes": _TEXT_MAP,
    "resource_attributes": _TEXT_MAP,
    "context": _TEXT_MAP,
    "usage_units": pa.map_(pa.string(), pa.uint64()),
    "findings": pa.map_(pa.string(), pa.uint32()),
    "truncated": pa.bool_(),
    "received_at": _TIME,
    "retain_until": pa.date32(),
} | {
    name: pa.uint64()
    for name in ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
}

SPAN_SCHEMA: pa.Schema = pa.schema([pa.field(f.name, _SPECIAL.get(f.name, pa.string())) for f in fields(Span)])
"""Arrow schema of a batch of spans; the columns of the table `spans` in their order."""


_row = attrgetter(*SPAN_SCHEMA.names)


class RunSpan(NamedTuple):
    """Some columns of a stored span; what they mean is in `Span`.

    A span object of all columns takes several times as long to make.
    """

    trace_id: str
    span_id: str
    parent_span_id: str
    team: str
    workflow: str
    workflow_version: str
    session_id: str
    user_id: str
    environment: str
    service_name: str
    scope_name: str
    kind: str
    span_kind: str
    name: str
    start_time: int
    duration_ns: int
    status: str
    provider: str
    model: str
    response_id: str
    tool_name: str
    tool_call_id: str
    approval_status: str
    outcome: str
    evaluation: str
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    cost_usd: Decimal | None
    unpriced_reason: str
    reported_cost_usd: Decimal | None
    input_preview: str
    output_preview: str
    links: str
    findings: list[tuple[str, int]]
    retain_until: int
    inserted_at: int  # microseconds since the epoch
    placed_at: Literal["start", "end", "receipt"]  # what start_time is


def to_batch(spans: Sequence[Span]) -> pa.RecordBatch:
    """Return the spans as one Arrow record batch of SPAN_SCHEMA."""
    columns = zip(*map(_row, spans), strict=True) if spans else [()] * len(SPAN_SCHEMA)
    arrays = [_array(values, column.type) for values, column in zip(columns, SPAN_SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=SPAN_SCHEMA)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if not pa.types.is_map(kind):
        return pa.array(values, kind)
    starts = accumulate(map(len, values), initial=0)
    keys = chain.from_iterable(values)
    items = chain.from_iterable(value.values() for value in values)
    return pa.MapArray.from_arrays(
        pa.array(starts, pa.int32()), pa.array(keys, kind.key_type), pa.array(items, kind.item_type), kind
    )
