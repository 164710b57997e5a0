"""A request as canonical spans: ids, times, context, calls, content, and nothing lost or crashing on the way."""

from __future__ import annotations

import json
from typing import Any

from any_content import KEYS, KINDS, SCOPES, attribute_values
from hypothesis import given, settings
from hypothesis import strategies as st
from otlp_requests import LLM, OI_LLM, PRICES, START, request, span_with, spans_of

from schema.normalise.traces import normalise
from schema.policy.policy import Policy, Retention, RetentionRule
from schema.span import to_batch


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
