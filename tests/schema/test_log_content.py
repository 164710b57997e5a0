"""What senders say only in log records reaches the columns of their spans, whichever comes first."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import cycle, permutations
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_requests import CONTENT, ORDERS, TRACE, add, call, ingest, record, stored

from schema.queries.run import load_run
from schema.queries.scope import EVERYTHING
from schema.runs.log_content import join_logs
from schema.runs.recompute import recompute, stale_traces
from schema.span import to_batch

if TYPE_CHECKING:
    from pathlib import Path

    from schema.span import Kind
    from schema.store.store import Store

DETAILS = "gen_ai.client.inference.operation.details"
NAMES = (
    *("gen_ai.system.message", "gen_ai.user.message", "gen_ai.tool.message", "gen_ai.choice", DETAILS),
    *("claude_code.api_request", "claude_code.tool_result"),
)
KEYS = st.sampled_from(
    ("role", "content", "parts", "message", "tool_calls", "function", "id", "type", "text", "gen_ai.input.messages")
)
KINDS: tuple[Kind, ...] = ("llm", "agent", "tool", "human", "other")


@pytest.mark.parametrize("order", ORDERS)
def test_messages_of_openai_events_come_to_their_model_calls(empty_store: Store, exports: Path, order: str) -> None:
    source = "otel-openai-v2-default"
    truth = json.loads((exports / "truth" / f"{source}.json").read_text(encoding="utf-8"))
    traces = ingest(empty_store, exports / source, order)
    join_logs(empty_store, traces)
    recompute(empty_store, sorted(traces))
    rows = stored(empty_store, CONTENT)
    only_in_logs = [probe for probe in truth["probes"] if probe["only_carried_by"] == "logs"]
    assert len(only_in_logs) == 4
    for probe in only_in_logs:
        holders = [row for row in rows if probe["phrase"] in row[probe["expect_direction"]]]
        assert {row["kind"] for row in holders} == {probe["expect_span_kind"]}
        assert len(holders) == probe["values_holding_it"]
    final = next(row for row in rows if row["span_id"] == "ec9a0f3e63e796ed")
    conversation = json.loads(final["input"])
    assert [message["role"] for message in conversation] == ["system", "user", "assistant", "tool"]
    called, answered = conversation[2]["parts"][0], conversation[3]["parts"][0]
    assert (called["type"], called["name"], called["arguments"]["order_id"]) == (
        "tool_call",
        "lookup_order",
        "ORD-77193",
    )
    assert (answered["type"], answered["id"]) == ("tool_result", called["id"])
    assert final["input_preview"].startswith("I'm Marguerite")
    assert final["output_preview"].startswith("Hi Marguerite")
    assert final["prompt_hash"].startswith("sha256:")
    run = load_run(empty_store, EVERYTHING, final["trace_id"])
    assert run is not None
    assert run.input_preview.startswith("I'm Marguerite")
    assert join_logs(empty_store, traces) == set()
    assert stored(empty_store, CONTENT) == rows


@pytest.mark.parametrize("source", ["google-adk2-nocontent", "otel-google-genai", "otel-openai-v2-experimental"])
def test_records_that_know_no_more_than_the_spans_change_nothing(
    empty_store: Store, exports: Path, source: str
) -> None:
    traces = ingest(empty_store, exports / source, "spans first")
    before = stored(empty_store, CONTENT)
    assert join_logs(empty_store, traces) == set()
    assert stored(empty_store, CONTENT) == before


def content(store: Store) -> tuple[str, str]:
    (row,) = stored(store, "input, output")
    return row["input"], row["output"]


def test_any_order_of_records_gives_the_same_conversation(empty_store: Store) -> None:
    records = [
        record("gen_ai.system.message", {"content": "Be brief."}, 1),
        record("gen_ai.user.message", {"content": "Hello?"}, 2),
        record("gen_ai.choice", {"index": 0, "message": {"role": "assistant", "content": "Yes."}}, 3),
    ]
    seen = set()
    for order in permutations([None, *records]):
        for table in ("spans", "logs"):
            empty_store.command(f"TRUNCATE TABLE {table}")
        for item in order:
            if item is None:
                empty_store.insert("spans", to_batch([call()]), token=uuid4().hex)
            else:
                add(empty_store, item, item)  # sent twice
            join_logs(empty_store, [TRACE])
        seen.add(content(empty_store))
    assert len(seen) == 1
    asked, made = (json.loads(value) for value in seen.pop())
    assert [message["role"] for message in asked] == ["system", "user"]
    assert made == [{"role": "assistant", "parts": [{"type": "text", "content": "Yes."}]}]


@pytest.mark.parametrize(
    ("sent", "column", "expected"),
    [
        (record("gen_ai.choice", {"content": {"role": "model", "parts": [{"text": "Ja"}]}}), "output", "Ja"),
        (record("gen_ai.user.message", {"content": [{"text": "Wo?"}]}), "input", "Wo?"),
        (record("gen_ai.user.message", "Wo denn?"), "input", "Wo denn?"),
        (record(DETAILS, {"gen_ai.input.messages": [{"role": "user", "content": "A"}]}), "input", "A"),
        (record(DETAILS, attributes=[("gen_ai.output.messages", '[{"role":"a","content":"B"}]')]), "output", "B"),
    ],
)
def test_bodies_of_other_shapes_are_read(empty_store: Store, sent: dict[str, Any], column: str, expected: str) -> None:
    empty_store.insert("spans", to_batch([call()]), token=uuid4().hex)
    add(empty_store, sent)
    assert join_logs(empty_store, [TRACE]) == {TRACE}
    (row,) = stored(empty_store, "input, output")
    (message,) = json.loads(row[column])
    assert [part["content"] for part in message["parts"]] == [expected]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS | st.text(), inner),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(bodies=st.lists(st.tuples(st.sampled_from(NAMES), JSON | st.text()), min_size=1, max_size=8))
def test_no_body_stops_a_pass(empty_store: Store, bodies: list[tuple[str, Any]]) -> None:
    traces = [uuid4().hex for _ in bodies]
    spans = [replace(call(), trace_id=trace, kind=kind) for trace, kind in zip(traces, cycle(KINDS), strict=False)]
    empty_store.insert("spans", to_batch(spans), token=uuid4().hex)
    add(empty_store, *(record(name, body, trace_id=trace) for (name, body), trace in zip(bodies, traces, strict=True)))
    join_logs(empty_store, traces)
    assert join_logs(empty_store, traces) == set()


def test_a_span_that_knows_more_keeps_its_own(empty_store: Store) -> None:
    own = '[{"role":"user","parts":[{"type":"text","content":"A longer question"}]}]'
    empty_store.insert("spans", to_batch([call(input=own)]), token=uuid4().hex)
    add(empty_store, record("gen_ai.user.message", {"content": "A longer"}))
    assert join_logs(empty_store, [TRACE]) == set()
    assert content(empty_store) == (own, "")


@pytest.mark.parametrize("words", ["", "Be brief."])
def test_tools_that_only_the_span_told_of_stay_with_messages_of_records(empty_store: Store, words: str) -> None:
    tool = {"type": "tool_definition", "name": "look_up", "parameters": {"a long schema": "x" * 500}}
    empty_store.insert(
        "spans", to_batch([call(input=json.dumps([{"role": "system", "parts": [tool]}]))]), token=uuid4().hex
    )
    add(empty_store, record("gen_ai.user.message", {"content": "Hello?"}, 2))
    if words:
        add(empty_store, record("gen_ai.system.message", {"content": words}, 1))
    join_logs(empty_store, [TRACE])
    asked, _ = content(empty_store)
    system, user = json.loads(asked)
    assert system == {"role": "system", "parts": [*([{"type": "text", "content": words}] if words else []), tool]}
    assert user == {"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}
    assert join_logs(empty_store, [TRACE]) == set()


def test_records_without_their_span_stay_in_the_logs(empty_store: Store) -> None:
    empty_store.insert("spans", to_batch([call()]), token=uuid4().hex)
    add(empty_store, record("gen_ai.user.message", {"content": "x"}, span_id="f" * 16))
    assert join_logs(empty_store, [TRACE, ""]) == set()
    assert empty_store.query("SELECT count() AS n FROM logs").column("n").to_pylist() == [1]


def test_no_table_is_left_behind(empty_store: Store) -> None:
    empty_store.insert("spans", to_batch([call()]), token=uuid4().hex)
    add(empty_store, record("gen_ai.user.message", {"content": "x"}))
    join_logs(empty_store, [TRACE])
    tables = empty_store.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
    assert not [name for name in tables.column("name").to_pylist() if name.startswith("span_update")]


def test_logs_that_a_killed_process_did_not_join_are_found(empty_store: Store) -> None:
    add(empty_store, record("gen_ai.user.message", {"content": "x"}))
    assert stale_traces(empty_store) == []  # no run to bring up to date
    empty_store.insert("spans", to_batch([call()]), token=uuid4().hex)
    assert stale_traces(empty_store) == [TRACE]
    recompute(empty_store, [TRACE])
    assert stale_traces(empty_store) == []
    add(empty_store, record("gen_ai.choice", {"message": {"content": "y"}}))
    assert stale_traces(empty_store) == [TRACE]
