"""A request as canonical spans: ids, times, context, calls, content, and nothing lost or crashing on the way."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from any_content import KEYS, KINDS, SCOPES, attribute_values
from hypothesis import given, settings
from hypothesis import strategies as st
from otlp_requests import PRICES, START, request, span_with, spans_of

from schema.normalise import normalise
from schema.policy import AttributeKeys, Policy, Retention, RetentionRule
from schema.span import to_batch

LLM: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1840,
    "gen_ai.usage.output_tokens": 96,
    "gen_ai.usage.cache_read.input_tokens": 1024,
}
OI_LLM: dict[str, Any] = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-4o-mini",
    "llm.token_count.prompt": 1840,
    "llm.token_count.completion": 96,
    "llm.token_count.prompt_details.cache_read": 1024,
}
COST = Decimal("0.0002568")


def messages(role: str, content: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": content}]}])


# --- frame -----------------------------------------------------------------------------------------------------------


def test_ids_are_hexadecimal_and_times_nanoseconds() -> None:
    root, child = spans_of({"id": 1, "end": START + 5}, {"id": 2, "parent": 1, "end": START - 5})
    assert (root.trace_id, root.span_id, root.parent_span_id) == (bytes(range(16)).hex(), "0000000000000001", "")
    assert child.parent_span_id == root.span_id
    assert (root.start_time, root.duration_ns, child.duration_ns) == (START, 5, 0)


def test_a_span_without_ids_is_kept() -> None:
    assert [span.trace_id for span in spans_of({"trace": b"", "name": "lost"})] == [""]


def test_spans_keep_their_order_and_fit_the_table() -> None:
    spans = spans_of(*({"id": number, "name": str(number), "attributes": LLM} for number in range(1, 9)))
    assert [span.name for span in spans] == [str(number) for number in range(1, 9)]
    assert to_batch(spans).num_rows == 8


def test_the_sender_dropped_attributes() -> None:
    assert span_with({}, dropped=3).truncated
    assert not span_with({}).truncated


def test_retention_follows_team_and_workflow() -> None:
    policy = Policy(retention=Retention(days=30, rules=(RetentionRule(team="a", workflow="w", days=90),)))
    kept = spans_of(
        {"attributes": {"team": "a", "workflow": "w"}}, {"id": 2, "attributes": {"team": "a"}}, policy=policy
    )
    day = START // (86_400 * 10**9)
    assert [span.retain_until - day for span in kept] == [90, 30]


def test_a_clock_that_is_ahead_does_not_prolong_retention() -> None:
    ahead, unset, now = spans_of({"start": 2**64 - 1}, {"id": 2, "start": 0, "end": 0}, {"id": 3})
    assert ahead.retain_until == unset.retain_until == now.retain_until
    assert to_batch([ahead]).num_rows == 1


def test_links_and_events_are_json() -> None:
    span = spans_of({"events": [("cache.hit", {"n": 1})], "links": [7]})[0]
    assert json.loads(span.events) == [{"time": START, "name": "cache.hit", "attributes": {"n": 1}}]
    assert json.loads(span.links)[0]["span_id"] == "0000000000000007"


# --- context ---------------------------------------------------------------------------------------------------------


def test_the_nearest_ancestor_names_the_team() -> None:
    spans = spans_of(
        {"id": 1, "attributes": {"spanledger.team": "root", "session.id": "s"}},
        {"id": 2, "parent": 1, "attributes": {"spanledger.team": "middle"}},
        {"id": 3, "parent": 2},
        {"id": 4, "parent": 1},
        {"id": 5},
        resource={"service.namespace": "house", "deployment.environment.name": "prod", "service.version": "7"},
    )
    assert [span.team for span in spans] == ["root", "middle", "middle", "root", "house"]
    assert [span.session_id for span in spans] == ["s", "s", "s", "s", ""]
    assert {(span.environment, span.workflow_version, span.workflow) for span in spans} == {("prod", "7", "unassigned")}


def test_a_child_may_come_before_its_parent_in_the_request() -> None:
    child, _ = spans_of({"id": 2, "parent": 1}, {"id": 1, "attributes": {"spanledger.team": "t"}})
    assert child.team == "t"


def test_association_keys_win_over_the_resource_and_lose_to_an_ancestor() -> None:
    association = {
        "traceloop.association.properties.team": "associated",
        "traceloop.association.properties.user_id": "u",
    }
    spans = spans_of(
        {"id": 1, "attributes": {"team": "explicit"}},
        {"id": 2, "parent": 1, "attributes": association},
        {"id": 3, "attributes": association},
        resource={"team": "resource"},
    )
    assert [span.team for span in spans] == ["explicit", "explicit", "associated"]
    assert [span.user_id for span in spans] == ["", "u", "u"]


def test_a_workflow_that_a_framework_named_loses_to_the_resource() -> None:
    named = {"gen_ai.workflow.name": "Agent workflow"}
    assert spans_of({"attributes": named}, resource={"agentops.workflow": "refunds"})[0].workflow == "refunds"
    assert spans_of({"attributes": named})[0].workflow == "Agent workflow"
    by_hand = named | {"spanledger.outcome": "success"}
    assert (
        spans_of({"attributes": by_hand}, resource={"spanledger.workflow": "refunds"})[0].workflow == "Agent workflow"
    )


def test_a_thread_is_a_session_unless_the_trace_names_one() -> None:
    root, child = spans_of(
        {"id": 1, "attributes": {"gen_ai.conversation.id": "thread"}},
        {"id": 2, "parent": 1, "attributes": {"traceloop.association.properties.session_id": "s"}},
    )
    assert (root.session_id, child.session_id) == ("s", "s")
    assert span_with({"gen_ai.conversation.id": "thread"}).session_id == "thread"


def test_the_policy_says_which_keys_name_the_team() -> None:
    policy = Policy(attributes=AttributeKeys(team=("cost.centre",)))
    span = spans_of({"attributes": {"cost.centre": "42", "team": "x"}}, policy=policy)[0]
    assert span.team == "42"
    assert span.attributes["team"] == "x"


def test_parents_in_a_circle_end() -> None:
    assert [span.team for span in spans_of({"id": 1, "parent": 2}, {"id": 2, "parent": 1})] == ["unassigned"] * 2


# --- calls and money -------------------------------------------------------------------------------------------------


def test_a_model_call_has_tokens_and_a_cost() -> None:
    span = span_with(LLM)
    assert (span.kind, span.provider, span.model) == ("llm", "openai", "gpt-4o-mini")
    assert (span.input_tokens, span.output_tokens, span.cached_input_tokens) == (1840, 96, 1024)
    assert (span.cache_write_tokens, span.reasoning_tokens) == (None, None)
    assert span.cost_usd == COST
    assert span.cost_source.startswith("genai-prices ")


def test_claude_code_counts_the_cache_apart() -> None:
    span = span_with(
        {
            "span.type": "llm_request",
            "model": "claude-sonnet-4-5",
            "gen_ai.system": "anthropic",
            "input_tokens": 792,
            "output_tokens": 96,
            "cache_read_tokens": 1024,
            "cache_creation_tokens": 128,
        },
        scope="com.anthropic.claude_code.tracing",
    )
    assert (span.input_tokens, span.cost_usd) == (1944, Decimal("0.0046032"))


def test_keys_of_a_scoped_dialect_mean_nothing_elsewhere() -> None:
    span = span_with({"model": "a car", "input_tokens": 3, "decision": "accept"})
    assert (span.model, span.input_tokens, span.approval_status) == ("", None, "")
    assert span.attributes == {"model": "a car", "input_tokens": "3", "decision": "accept"}


def test_only_the_innermost_of_nested_calls_is_charged() -> None:
    spans = spans_of(
        {
            "id": 1,
            "attributes": {"gen_ai.operation.name": "invoke_agent", **{k: v for k, v in LLM.items() if "usage" in k}},
        },
        {"id": 2, "parent": 1, "attributes": OI_LLM},
        {"id": 3, "parent": 2, "attributes": LLM},
    )
    assert [span.cost_usd for span in spans] == [None, None, COST]
    assert sum(span.input_tokens or 0 for span in spans) == 1840
    assert spans[1].attributes["llm.token_count.prompt"] == "1840"


def test_a_span_that_repeats_usage_under_a_kind_of_its_own_is_no_call() -> None:
    assert span_with({**LLM, "gen_ai.operation.name": "record_usage"}).kind == "other"
    assert span_with({key: value for key, value in LLM.items() if key != "gen_ai.operation.name"}).kind == "llm"


def test_a_wrapper_with_usage_is_charged_where_the_inner_span_has_none() -> None:
    spans = spans_of(
        {"id": 1, "attributes": LLM},
        {"id": 2, "parent": 1, "attributes": {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini"}},
    )
    assert [span.cost_usd for span in spans] == [COST, None]


def test_one_call_told_by_two_instrumentations_side_by_side_is_charged_once() -> None:
    same = {**LLM, "gen_ai.response.id": "r1"}
    spans = spans_of(
        {"id": 1},
        {"id": 2, "parent": 1, "attributes": same, "scope": "one"},
        {"id": 3, "parent": 1, "attributes": same, "scope": "two", "start": START + 1, "end": START + 900},
    )
    assert [span.cost_usd for span in spans] == [None, None, COST]


def test_the_same_response_id_alone_does_not_make_one_call() -> None:
    same = {**LLM, "gen_ai.response.id": "r1"}
    later = {"start": START + 2_000, "end": START + 3_000}
    spans = spans_of(
        {"id": 1},
        {"id": 2, "parent": 1, "attributes": same, "scope": "one"},
        {"id": 3, "parent": 1, "attributes": same, "scope": "one"},
        {"id": 4, "parent": 1, "attributes": same, "scope": "two", **later},
    )
    assert [span.cost_usd for span in spans[1:]] == [COST] * 3


def test_a_model_without_a_price_costs_nothing_known_but_the_senders_word() -> None:
    unknown = {**LLM, "gen_ai.request.model": "house-model"}
    span = span_with(unknown)
    assert (span.cost_usd, span.cost_source) == (None, "")
    reported = span_with({**unknown, "gen_ai.cost.total_cost": 0.5})
    assert (reported.cost_usd, reported.cost_source) == (Decimal("0.5"), "sender")
    ours = span_with({**LLM, "gen_ai.cost.total_cost": 0.5})
    assert (ours.cost_usd, ours.reported_cost_usd) == (COST, Decimal("0.5"))


@pytest.mark.parametrize("count", [-1, 2**63, 1.5, "many", True, [1], float("nan"), 1e30])
def test_what_is_no_count_is_unknown(count: object) -> None:
    sent = str(count) if isinstance(count, int) and count >= 2**63 else count  # OTLP integers have 64 bits
    span = span_with({**LLM, "gen_ai.usage.input_tokens": sent})
    assert span.input_tokens is None
    assert span.cost_usd is None


@pytest.mark.parametrize(
    ("attributes", "provider"),
    [
        ({"gen_ai.system": "openai.chat"}, "openai"),
        ({"gen_ai.provider.name": "gcp.gemini"}, "google"),
        ({"gen_ai.system": "strands-agents", "gen_ai.request.model": "gpt-4o"}, "openai"),
        ({"gen_ai.system": "langchain"}, ""),
        ({"gen_ai.request.model": "claude-sonnet-4-5"}, "anthropic"),
        ({"gen_ai.system": "OpenAI"}, "openai"),
    ],
)
def test_a_provider_has_one_name(attributes: dict[str, str], provider: str) -> None:
    assert span_with({"gen_ai.operation.name": "chat", **attributes}).provider == provider


# --- status ----------------------------------------------------------------------------------------------------------


def test_an_interrupt_waits_for_a_person_and_is_no_error() -> None:
    span = span_with(
        {"error.type": "GraphInterrupt"},
        status=2,
        events=[
            ("exception", {"exception.type": "langgraph.errors.GraphInterrupt", "exception.message": "(Interrupt())"})
        ],
    )
    assert (span.status, span.approval_status, span.error_type) == ("ok", "requested", "")


def test_langsmith_ends_with_an_exception_and_says_ok() -> None:
    span = span_with(
        {"langsmith.span.kind": "llm"},
        scope="langsmith",
        status=1,
        events=[("exception", {"exception.type": "Exception", "exception.message": "ValueError('no')Traceback"})],
    )
    assert (span.status, span.error_type) == ("error", "ValueError")


def test_an_exception_on_a_span_that_did_not_fail_is_only_an_event() -> None:
    span = span_with({}, events=[("exception", {"exception.type": "ValueError"})])
    assert (span.status, span.error_type) == ("unset", "")
    assert "ValueError" in span.events


# --- content ---------------------------------------------------------------------------------------------------------


def test_content_is_one_shape_and_stored_once() -> None:
    span = span_with(
        {
            **LLM,
            **OI_LLM,
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
            "gen_ai.input.messages": messages("user", "How?"),
            "gen_ai.output.messages": messages("assistant", "So."),
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "How?",
            "input.value": json.dumps({"messages": [{"role": "user", "content": "How?"}], "seed": "seven"}),
            "output.value": json.dumps(
                {"id": "resp-1", "choices": [{"message": {"role": "assistant", "content": "So."}}]}
            ),
        }
    )
    assert json.loads(span.input) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "How?"}]},
    ]
    assert json.loads(span.output) == [{"role": "assistant", "parts": [{"type": "text", "content": "So."}]}]
    assert (span.input_preview, span.output_preview, span.response_id) == ("How?", "So.", "resp-1")
    assert span.prompt_hash.startswith("sha256:")
    assert span.attributes["input.value"] == '{"seed":"seven"}'
    assert not any("How?" in value or "So." in value for value in span.attributes.values())


def test_a_tool_has_arguments_and_a_result() -> None:
    span = span_with(
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "look",
            "traceloop.entity.input": '{"args": [], "kwargs": {"n": 1}}',
            "traceloop.entity.output": '"one"',
        }
    )
    assert (span.kind, span.tool_name, span.input, span.output) == ("tool", "look", '{"n":1}', "one")


def test_an_answer_in_pieces_is_one_message() -> None:
    span = span_with(
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.prompt.messages": json.dumps([{"role": "user", "content": "How?"}]),
            "ai.response.text": "So.",
            "ai.response.toolCalls": json.dumps([{"toolCallId": "c", "toolName": "look", "input": '{"n":1}'}]),
        },
        scope="ai",
    )
    kinds = [part["type"] for part in json.loads(span.output)[0]["parts"]]
    assert kinds == ["text", "tool_call"]
    assert span.input_preview == "How?"


def test_messages_in_events_move_to_the_content() -> None:
    span = span_with(
        {"gen_ai.operation.name": "chat", "gen_ai.system": "strands-agents"},
        scope="strands.telemetry.tracer",
        events=[
            ("gen_ai.user.message", {"content": '[{"text": "How?"}]'}),
            ("gen_ai.choice", {"message": '[{"text": "So."}]', "finish_reason": "end_turn"}),
            ("something.else", {"kept": "yes"}),
        ],
    )
    assert (span.input_preview, span.output_preview) == ("How?", "So.")
    assert [event["name"] for event in json.loads(span.events)] == ["something.else"]


def test_content_that_cannot_be_read_is_kept_as_it_is() -> None:
    span = span_with({"openinference.span.kind": "LLM", "input.value": "{broken", "output.value": "just words"})
    assert (span.input, span.output) == ("{broken", "just words")


def test_what_no_dialect_knows_keeps_its_name() -> None:
    attributes = {"my.key": "v", "my.list": ["a", 1], "my.map": {"a": None}, "my.flag": True, "my.bytes": b"\x00\xff"}
    assert span_with(attributes).attributes == {
        "my.key": "v",
        "my.list": '["a",1]',
        "my.map": '{"a":null}',
        "my.flag": "true",
        "my.bytes": "AP8=",
    }


# --- anything at all -------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=10), attribute_values(), max_size=8),
    st.sampled_from(KINDS),
    st.sampled_from(SCOPES),
    st.lists(
        st.tuples(st.sampled_from(["exception", "gen_ai.choice", "gen_ai.user.message", "x"]), attribute_values())
    ),
    st.tuples(st.integers(0, 2), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)),
)
def test_any_content_becomes_a_span(
    attributes: dict[str, Any],
    kind: tuple[str, str],
    scope: str,
    events: list[tuple[str, Any]],
    frame: tuple[int, int, int],
) -> None:
    status, start, end = frame
    given_events = [(name, {"content": value, "message": value, "exception.type": value}) for name, value in events]
    built = request(
        {"attributes": attributes | {kind[0]: kind[1]}, "scope": scope, "events": given_events}
        | {"status": status, "start": start, "end": end},
        resource={"service.name": "s"} | attributes,
    )
    spans = normalise(built, received_at=START, policy=Policy(), prices=PRICES)
    assert to_batch(spans).num_rows == 1
    json.loads(spans[0].events)
    if spans[0].kind == "llm" and spans[0].input.startswith('[{"role"'):
        json.loads(spans[0].input)


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=40), st.sampled_from([key for key in KEYS if "." in key]))
def test_no_text_is_lost(content: str, key: str) -> None:
    marked = f"<{content}>"
    span = span_with({"openinference.span.kind": "LLM", key: marked})
    row = to_batch([span]).to_pylist()[0]
    assert any(marked in text for text in _texts(row))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return [value]
        return [value, *(_texts(inner) if isinstance(inner, (list, dict)) else [])]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _texts(item)]
    return []
