"""Spans with any numbers and bytes are stored, their run is computed, and no span of another sender is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.queries.run import load_run, load_span, load_tree
from schema.queries.scope import EVERYTHING
from schema.queries.timeline import steps
from schema.runs.recompute import recompute
from schema.span import to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

LARGEST = 2**64 - 1
TIMES = [(0, 0), (0, LARGEST), (LARGEST, LARGEST), (LARGEST, 0), (2**63 - 1, 2**63), (10**18, 10**19), (1, 2**62)]
COUNTS = (
    [AnyValue(int_value=value) for value in (0, -1, 2**63 - 1, -(2**63))]
    + [AnyValue(double_value=value) for value in (float("nan"), float("inf"), 1e300, -0.5)]
    + [AnyValue(string_value=value) for value in ("", "many", "1e400", "9" * 400, "\0", "12")]
)


@pytest.mark.parametrize("key", ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "llm.cost.total"])
def test_any_number_in_a_count_is_stored_or_unknown(empty_store: Store, key: str) -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    trace = uuid4().bytes
    for number, (value, times) in enumerate(zip(COUNTS * 2, TIMES * 4, strict=True)):
        span = spans.add(trace_id=trace, span_id=(number + 1).to_bytes(8, "big"), name="chat")
        span.start_time_unix_nano, span.end_time_unix_nano = times
        span.attributes.append(KeyValue(key="gen_ai.operation.name", value=AnyValue(string_value="chat")))
        span.attributes.append(KeyValue(key="gen_ai.request.model", value=AnyValue(string_value="gpt-4o-mini")))
        span.attributes.append(KeyValue(key=key, value=value))
    now = time.time_ns()
    rows = normalise(request, received_at=now, policy=Policy(), prices=Prices(()))
    empty_store.insert("spans", to_batch(rows), token=uuid4().hex)
    assert recompute(empty_store, [trace.hex()]) == 1
    run = load_run(empty_store, EVERYTHING, trace.hex())
    assert run is not None
    assert run.span_count == len(spans) == 28
    tree = load_tree(empty_store, EVERYTHING, trace.hex())
    assert len(steps(tree, run.call_span_ids)) == len(spans)
    assert load_span(empty_store, EVERYTHING, trace.hex(), tree.column("span_id")[0].as_py()) is not None


@pytest.mark.parametrize("values", [("a", "b"), ("a", ""), ("", "b"), ('{"x": "a"}', "b"), ("b", '{"x": "a"}')])
def test_of_a_key_that_comes_twice_the_last_value_is_stored(values: tuple[str, str]) -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=uuid4().bytes, span_id=b"\1" * 8)
    pairs = [("gen_ai.input.messages", "text beside it"), *(("input.value", value) for value in values)]
    pairs += [("openinference.span.kind", "LLM"), *(("my.own", value) for value in values)]
    span.attributes.extend(KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in pairs)
    [row] = normalise(request, received_at=1, policy=Policy(), prices=Prices(()))
    assert row.attributes["my.own"] == values[-1]
    assert row.input == values[-1] or row.attributes["input.value"] == values[-1]
