"""Claude Code's log records come to the model calls and tools that they tell of, whichever comes first."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from log_requests import CONTENT, ORDERS, START, TRACE, add, call, ingest, record, stored

from schema.runs.log_content import join_logs
from schema.span import to_batch

if TYPE_CHECKING:
    from pathlib import Path

    from schema.store.store import Store


@pytest.mark.parametrize("order", ORDERS)
def test_claude_codes_events_come_to_the_spans_that_they_describe(
    empty_store: Store, exports: Path, order: str
) -> None:
    source = "claude-agent-sdk"
    truth = json.loads((exports / "truth" / f"{source}.json").read_text(encoding="utf-8"))
    traces = ingest(empty_store, exports / source, order)
    join_logs(empty_store, traces)
    rows = stored(empty_store, f"{CONTENT}, name, reported_cost_usd")
    reported = [row["reported_cost_usd"] for row in rows if row["reported_cost_usd"] is not None]
    assert reported == [Decimal("0.0046032")] * 2
    assert float(sum(reported)) == truth["total"]["declared_cost_usd"]
    assert {row["cost_source"].split()[0] for row in rows if row["cost_usd"] is not None} == {"genai-prices"}
    by_id = {row["span_id"]: row for row in rows}
    interaction = by_id["22a549d165b38ee4"]
    assert interaction["input"].startswith("I'm Marguerite")
    assert [message["parts"][0]["content"][:20] for message in json.loads(interaction["output"])] == [
        "Let me look that up.",
        "Hi Marguerite Vander",
    ]
    assert interaction["output_preview"].startswith("Hi Marguerite")
    first, second = (by_id[span_id]["output_preview"] for span_id in ("229172af33b17b58", "7093518afc2c73e0"))
    assert (first, second[:14]) == ("Let me look that up.", "Hi Marguerite ")
    (asked,) = json.loads(by_id["229172af33b17b58"]["input"])
    assert (asked["role"], asked["parts"][0]["content"]) == ("user", interaction["input"])
    assert by_id["229172af33b17b58"]["input_preview"] == interaction["input_preview"]
    assert by_id["7093518afc2c73e0"]["input"] == ""  # it also held the tool's result, which no record tells of
    assert json.loads(by_id["bb88b343e4949e65"]["input"])["order_id"] == "ORD-77193"
    assert json.loads(by_id["cbd972503b5926b0"]["input"])["mcp_tool_name"] == "lookup_order"
    for probe in truth["probes"]:
        kinds = {row["kind"] for row in rows if probe["phrase"] in row[probe["expect_direction"]]}
        assert probe["expect_span_kind"] in kinds
    assert join_logs(empty_store, traces) == set()
    assert stored(empty_store, f"{CONTENT}, name, reported_cost_usd") == rows


def test_the_senders_cost_stands_in_for_a_price_that_is_not_known(empty_store: Store) -> None:
    scope = "com.anthropic.claude_code.tracing"
    empty_store.insert("spans", to_batch([call(scope_name=scope)]), token=uuid4().hex)
    paid = record("api_request", "claude_code.api_request", 10**9, span_id="f" * 16)
    add(empty_store, paid | {"attributes": [("model", "m"), ("cost_usd", "0.25")]})
    assert join_logs(empty_store, [TRACE]) == {TRACE}
    (row,) = stored(empty_store, "cost_usd, cost_source, reported_cost_usd")
    assert list(row.values()) == [Decimal("0.25"), "sender", Decimal("0.25")]


def claude_code_record(name: str, number: int, at: int, **attributes: str) -> dict[str, Any]:
    texts = {"event.sequence": str(number), "session.id": "s", "prompt.id": "p", "model": "m"} | {
        key.replace("__", "."): value for key, value in attributes.items()
    }
    return record(name, f"claude_code.{name}", at, span_id="f" * 16) | {"attributes": list(texts.items())}


PROMPT = claude_code_record("user_prompt", 4, 0, prompt="Why?")
TITLE = claude_code_record("api_request", 5, 2 * 10**9, query_source="generate_session_title")
HOOK = claude_code_record("hook_execution_start", 6, 3 * 10**9)
FIRST = claude_code_record("api_request", 7, 5 * 10**9, query_source="repl_main_thread")
SECOND = claude_code_record("api_request", 8, 8 * 10**9, query_source="repl_main_thread")


@pytest.mark.parametrize(
    ("records", "asked"),
    [
        ([PROMPT, TITLE, HOOK, FIRST, SECOND], {"call-1": "Why?"}),
        ([PROMPT, TITLE, HOOK, FIRST], {"call-1": "Why?"}),
        ([PROMPT, TITLE, HOOK, SECOND], {}),  # the first call's record may be on its way
        ([PROMPT, TITLE, FIRST], {}),  # so may that of an earlier call
        ([PROMPT, TITLE | {"attributes": [*TITLE["attributes"], ("prompt.id", "q")]}, HOOK, FIRST], {}),
        ([PROMPT | {"attributes": [*PROMPT["attributes"], ("command_name", "review")]}, TITLE, HOOK, FIRST], {}),
        ([PROMPT | {"attributes": [("session.id", "s"), ("prompt", "Why?")]}, TITLE, HOOK, FIRST], {}),
    ],
)
def test_a_prompt_comes_to_the_first_call_that_it_surely_went_into(
    empty_store: Store, records: list[dict[str, Any]], asked: dict[str, str]
) -> None:
    for order in (records, records[::-1]):
        for table in ("spans", "logs"):
            empty_store.command(f"TRUNCATE TABLE {table}")
        calls = [
            replace(
                call(), span_id=name, start_time=START + start * 10**9, scope_name="com.anthropic.claude_code.tracing"
            )
            for name, start in (("title", 1), ("call-1", 4), ("call-2", 7))
        ]
        empty_store.insert("spans", to_batch(calls), token=uuid4().hex)
        for item in order:
            add(empty_store, item)
            join_logs(empty_store, [TRACE])
        rows = stored(empty_store, "span_id, input_preview")
        assert {row["span_id"]: row["input_preview"] for row in rows if row["input_preview"]} == asked
