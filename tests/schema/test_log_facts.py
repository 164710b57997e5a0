"""What log records add to spans, as functions that need no store."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from schema.runs.log_claude_code import call_of_record, read_claude_code
from schema.runs.log_content import completed_span
from schema.runs.log_facts import LoggedSpan, Record, SpanFacts, event

SECOND = 10**9
SPAN = LoggedSpan(
    **dict.fromkeys(LoggedSpan._fields, "")
    | {"kind": "llm", "scope_name": "com.anthropic.claude_code.tracing", "model": "m", "output_tokens": None}
    | {"span_id": "call", "start_ns": SECOND, "duration_ns": SECOND, "reported_cost_usd": None}
)


def record(name: str, at: int = 2 * SECOND, **attributes: str) -> Record:
    return Record("t", "agent", "team", False, at, f"claude_code.{name}", "", {"model": "m"} | attributes)  # noqa: FBT003


def facts_of(spans: list[LoggedSpan], *records: Record) -> dict[str, SpanFacts]:
    facts: defaultdict[str, SpanFacts] = defaultdict(SpanFacts)
    read_claude_code(records, spans, facts)
    return dict(facts)


def test_an_answer_belongs_to_the_record_s_span_and_to_its_call() -> None:
    facts = facts_of([SPAN], record("assistant_response", response="Yes."))
    assert facts.keys() == {"agent", "call"}
    assert [found.events[0]["attributes"] for found in facts.values()] == [{"message": "Yes."}] * 2


@pytest.mark.parametrize("text", ["", "<REDACTED>"])
def test_a_hidden_text_is_no_message(text: str) -> None:
    assert facts_of([SPAN], record("assistant_response", response=text), record("user_prompt", prompt=text)) == {}


def test_two_requests_pay_for_two_calls() -> None:
    second = SPAN._replace(span_id="second", start_ns=2 * SECOND)
    requests = [record("api_request", at, cost_usd=cost) for at, cost in ((2 * SECOND, "1"), (3 * SECOND, "2"))]
    facts = facts_of([SPAN, second], *requests)
    assert {key: found.cost_usd for key, found in facts.items()} == {"call": Decimal(1), "second": Decimal(2)}


def test_a_request_after_all_calls_are_paid_is_left_out() -> None:
    requests = [record("api_request", cost_usd="1"), record("api_request", cost_usd="2")]
    assert facts_of([SPAN], *requests) == {"call": SpanFacts(cost_usd=Decimal(1))}


@pytest.mark.parametrize(
    ("given", "arguments"), [({"tool_input": "a"}, "a"), ({"tool_parameters": "b"}, "b"), ({}, "")]
)
def test_a_tool_gets_its_arguments_by_its_call_id(given: dict[str, str], arguments: str) -> None:
    tool = SPAN._replace(kind="tool", span_id="tool", tool_call_id="id")
    assert facts_of([tool], record("tool_result", tool_use_id="id", **given))["tool"].arguments == arguments
    assert facts_of([tool], record("tool_result", **given)) == {}


def test_a_decision_belongs_to_the_span_that_waited_for_it() -> None:
    waiting = SPAN._replace(kind="human", span_id="agent")
    assert facts_of([waiting], record("tool_decision", tool_input="rm"))["agent"].arguments == "rm"
    assert facts_of([SPAN], record("tool_decision", tool_input="rm")) == {}


def test_records_of_other_kinds_and_spans_of_other_scopes_are_left_out() -> None:
    assert facts_of([SPAN], record("hook_execution_start")) == {}
    assert facts_of([SPAN._replace(scope_name="other")], record("api_request", cost_usd="1")) == {}


@pytest.mark.parametrize(
    ("span", "attributes", "fits"),
    [
        ({}, {}, True),
        ({"model": "n"}, {}, False),
        ({"request_id": "r", "model": "n"}, {"request_id": "r"}, True),
        ({"request_id": "q"}, {"request_id": "r"}, False),
        ({"request_id": "q"}, {}, True),
        ({"output_tokens": 5}, {"output_tokens": "5"}, True),
        ({"output_tokens": 5}, {"output_tokens": "6"}, False),
        ({"output_tokens": None}, {"output_tokens": "6"}, True),
        ({"start_ns": 2 * SECOND + 1}, {}, False),
        ({"duration_ns": SECOND - 20_000_001}, {}, False),
        ({"duration_ns": SECOND - 20_000_000}, {}, True),
    ],
)
def test_a_call_fits_by_request_id_else_by_model_tokens_and_time(
    span: dict[str, Any], attributes: dict[str, str], *, fits: bool
) -> None:
    call = SPAN._replace(**span)
    assert call_of_record(record("api_request", **attributes), [call]) == (call if fits else None)


def test_of_several_calls_the_one_that_ended_nearest_fits() -> None:
    early, near = SPAN._replace(duration_ns=SECOND - 9_000_000), SPAN._replace(duration_ns=SECOND + 1)
    assert call_of_record(record("api_request"), [early, near]) is near
    assert call_of_record(None, [early, near]) is None


def test_a_span_takes_content_and_cost_that_it_lacks() -> None:
    facts = SpanFacts([event("gen_ai.choice", record("x"), {"message": "Yes."})], cost_usd=Decimal(1))
    after = completed_span(SPAN, facts)
    assert (after.output_preview, after.reported_cost_usd, after.input) == ("Yes.", Decimal(1), "")
    assert completed_span(after, facts) == after
    paid = SPAN._replace(output="A longer answer than that.", reported_cost_usd=Decimal(2))
    assert completed_span(paid, facts) == paid
