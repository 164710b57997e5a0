"""Nothing that a sender wrote in a message is lost: it is in input or output, or stays in `attributes`."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otlp_requests import span_with

from schema.messages.shapes import messages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schema.span import Span

HOLDERS: dict[str, Callable[[str], dict[str, object]]] = {
    "standard": lambda written: {"gen_ai.operation.name": "chat", "gen_ai.output.messages": written},
    "input": lambda written: {"gen_ai.operation.name": "chat", "gen_ai.input.messages": written},
    "openinference": lambda written: {"openinference.span.kind": "LLM", "output.value": written},
    "langfuse": lambda written: {"langfuse.observation.type": "generation", "langfuse.observation.input": written},
}
BLOCKS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "content_blocks.json").read_text(encoding="utf-8")
)
"""A content block or item of each type that providers have."""

MESSAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "chat": lambda block: [{"role": "user", "content": "Q"}, {"role": "assistant", "content": [block]}],
    "parts": lambda block: [{"role": "assistant", "parts": [block], "finish_reason": "stop", "channel": "ch"}],
    "items": lambda block: [{"role": "user", "content": "Q"}, block],
    "langchain": lambda block: [{"type": "ai", "content": [block], "response_metadata": {"stop": 1}, "example": False}],
    "response": lambda block: {"id": "resp", "role": "assistant", "content": [block], "usage": {"n": 5}},
    "tool calls": lambda block: [
        {"role": "assistant", "content": "A", "tool_calls": [{"function": {"name": "n"}}], "annotations": [block]}
    ],
}
TYPES = {"type", "role", "thought"}  # names that Spanledger translates
_SCALARS = st.booleans() | st.integers(10_001, 99_999) | st.text("abcdefgh", min_size=9, max_size=12)


def marked(value: Any, numbers: Iterator[int], key: str = "") -> Any:
    """Return the value with texts and numbers that nothing else has, where they do not name a type."""
    if isinstance(value, dict):
        return {name: marked(item, numbers, name) for name, item in value.items()}
    if isinstance(value, list):
        return [marked(item, numbers, key) for item in value]
    if key == "arguments" and isinstance(value, str):
        return json.dumps(marked(json.loads(value), numbers))
    if not value or isinstance(value, bool) or key in TYPES:
        return value
    return f"text-{next(numbers)}" if isinstance(value, str) else next(numbers)


def leaves(value: Any, key: str = "") -> Iterator[str]:
    """Yield what a value holds as it looks in JSON, without the names that Spanledger translates."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, key)
    elif key == "arguments" and isinstance(value, str):
        yield from leaves(json.loads(value))
    elif isinstance(value, bool) and key not in TYPES:
        yield f'"{key}":{json.dumps(value)}' if key else json.dumps(value)
    elif value and key not in TYPES:
        yield str(value)


def lost(span: Span, value: Any) -> list[str]:
    stored = "\n".join([span.input, span.output, span.events, span.response_id, *span.attributes.values()])
    stored += stored.replace('\\"', '"')  # JSON inside JSON
    return [leaf for leaf in leaves(value) if leaf not in stored]


@pytest.mark.parametrize("name", BLOCKS)
def test_every_leaf_of_a_block_is_found_again(name: str) -> None:
    for shape, message in MESSAGES.items():
        value = marked(message(BLOCKS[name]), count(10_001))
        for holder, attributes in HOLDERS.items():
            assert not lost(span_with(attributes(json.dumps(value))), value), (shape, holder)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_fields_that_nobody_knows_are_found_again(data: st.DataObject) -> None:
    block = dict(data.draw(st.sampled_from(list(BLOCKS.values()))))
    more = st.dictionaries(
        st.text("klmnop", min_size=4, max_size=6),
        _SCALARS | st.lists(st.just("x") | st.integers(10_001, 99_999)),
        max_size=3,
    )
    block |= data.draw(more)
    value = MESSAGES[data.draw(st.sampled_from(list(MESSAGES)))](block)
    for message in value if isinstance(value, list) else [value]:
        message.update(data.draw(more))
    assert not lost(span_with(HOLDERS[data.draw(st.sampled_from(list(HOLDERS)))](json.dumps(value))), value)


@pytest.mark.parametrize("name", BLOCKS)
def test_one_block_does_not_hide_the_messages_around_it(name: str) -> None:
    block = BLOCKS[name]
    around = [{"role": "user", "content": "Q"}, block, {"role": "user", "content": "And now?"}]
    read = messages_of(around, "user")
    assert [m["role"] for m in read][:: len(read) - 1] == ["user", "user"]
    assert len(read) == 3
    assert read[1]["parts"]


@pytest.mark.parametrize(
    "name",
    [
        *("anthropic result", "fetch error", "gemini code result", "bedrock result", "vercel result"),
        *("vercel failure", "vercel ui", "hosted mcp"),
    ],
)
def test_a_failed_tool_is_marked_however_the_sender_says_so(name: str) -> None:
    (message,) = messages_of([{"role": "user", "content": [BLOCKS[name]]}], "user")
    (result,) = (part for part in message["parts"] if part["type"] == "tool_result")  # type: ignore[union-attr,index,call-overload]
    assert result["extra"]["is_error"] is True  # type: ignore[index,call-overload]


@pytest.mark.parametrize("status", ["STATUS_CODE_OK", "STATUS_CODE_UNSET"])
@pytest.mark.parametrize(
    "result",
    [
        {"content": [{"type": "text", "text": "no such row"}], "isError": True},
        {"jsonrpc": "2.0", "id": 1, "result": {"content": [], "isError": True}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "x"}},
        {"output": {"type": "tool", "content": "x", "tool_call_id": "c", "status": "error"}},
        [{"toolResult": {"toolUseId": "c", "status": "error", "content": [{"text": "x"}]}}],
    ],
)
def test_a_tool_call_whose_result_says_error_has_failed(result: Any, status: str) -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.result": json.dumps(result)}
    span = span_with(tool, status=status)
    assert (span.status, span.error_type) == ("error", "tool_error")


@pytest.mark.parametrize("result", [{"isError": False}, {"status": "error"}, {"items": [{"isError": True}]}, "isError"])
def test_a_result_that_only_speaks_of_errors_is_none(result: Any) -> None:
    span = span_with({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.result": json.dumps(result)})
    assert (span.status, span.error_type) == ("unset", "")


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.input.messages": json.dumps({"messages": [{"role": "user", "content": "text-1"}], "more": "text-2"})},
        {"gen_ai.input.messages": json.dumps([{"role": "user", "content": "text-1"}, "text-2", None, 7.25])},
        {
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "text-1"}]),
            "gen_ai.input.messages": json.dumps([{"role": "system", "parts": [{"type": "text", "content": "text-2"}]}]),
        },
        {
            "gen_ai.input.messages": json.dumps(
                [
                    {"role": "user", "parts": [{"type": "text", "content": "text-1"}]},
                    {"role": "assistant", "parts": [], "finish_reason": "text-2", "why": "text-3"},
                ]
            )
        },
    ],
)
def test_what_is_around_the_messages_is_found_again(attributes: dict[str, str]) -> None:
    span = span_with({"gen_ai.operation.name": "chat", **attributes})
    assert "text-" in span.input
    assert not lost(span, [json.loads(value) for value in attributes.values()])


def test_what_an_event_says_beside_its_message_is_found_again() -> None:
    answer = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "text-1"}]}])
    events = [
        ("gen_ai.client.inference.operation.details", {"gen_ai.output.messages": answer, "more": "text-2"}),
        ("gen_ai.user.message", {"content": "text-3", "id": "text-4", "flag": True}),
    ]
    span = span_with({"gen_ai.operation.name": "chat"}, events=events)
    assert "text-1" in span.output
    assert "text-3" in span.input
    assert json.loads(span.events) == [{"time": ANY, "name": events[0][0], "attributes": {"more": "text-2"}}]
    assert not lost(span, [attributes for _, attributes in events[1:]])


def test_a_preview_is_never_blank() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "cancel", "arguments": "{}"}}
    span = span_with(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": json.dumps([{"role": "user", "content": text} for text in ("Cancel it.", " ")]),
            "gen_ai.output.messages": json.dumps([{"role": "assistant", "content": "\n\n", "tool_calls": [call]}]),
        }
    )
    assert (span.input_preview, span.output_preview) == ("Cancel it.", "cancel")
    assert span_with({"input.value": " \n ", "output.value": "\n\n  ab"}).input_preview == ""
    assert span_with({"input.value": " \n ", "output.value": "\n\n  ab"}).output_preview == "  ab"
