"""One shape of a conversation, from the shape of each provider and framework."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schema.messages.shapes import messages_of
from schema.normalise.indexed_keys import tree
from schema.otlp.attributes import Plain, parse

CALL = {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"n": 1}}


def text(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def tool(content: object, **more: str) -> dict[str, Any]:
    return {"role": "tool", "parts": [{"type": "tool_result", "id": "c1", **more, "content": content}]}


QUESTION, ANSWER = text("user", "How?"), text("assistant", "So.")
INPUTS: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "opentelemetry": (
        [
            {"role": "system", "parts": [{"type": "text", "content": "Be brief."}], "name": None},
            {"role": "user", "parts": [{"type": "text", "content": "How?"}]},
            {
                "role": "assistant",
                "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": '{"n": 1}'}],
            },
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "1"}]},
        ],
        [text("system", "Be brief."), QUESTION, {"role": "assistant", "parts": [CALL]}, tool("1")],
    ),
    "openai chat request": (
        {
            "model": "m",
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "How?"}]},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"n":1}'}}
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "1"},
            ],
        },
        [text("system", "Be brief."), QUESTION, {"role": "assistant", "parts": [CALL]}, tool("1")],
    ),
    "openai responses request": (
        {
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "How?"}]},
                {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"n":1}'},
                {"type": "function_call_output", "call_id": "c1", "output": "1"},
            ],
        },
        [text("system", "Be brief."), QUESTION, {"role": "assistant", "parts": [CALL]}, tool("1")],
    ),
    "anthropic request": (
        {
            "system": [{"type": "text", "text": "Be brief."}],
            "messages": [
                {"role": "user", "content": "How?"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {"n": 1}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "1"}]},
            ],
        },
        [text("system", "Be brief."), QUESTION, {"role": "assistant", "parts": [CALL]}, tool("1")],
    ),
    "bedrock blocks": (
        [
            {"role": "user", "content": [{"text": "How?"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "look", "input": {"n": 1}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "1"}]}}]},
        ],
        [QUESTION, {"role": "assistant", "parts": [CALL]}, tool("1")],
    ),
    "gemini request": (
        {
            "contents": [
                {"role": "user", "parts": [{"text": "How?"}]},
                {"role": "model", "parts": [{"function_call": {"id": "c1", "name": "look", "args": {"n": 1}}}]},
                {"role": "user", "parts": [{"function_response": {"id": "c1", "response": {"n": 1}}}]},
            ],
            "config": {"system_instruction": "Be brief."},
        },
        [
            text("system", "Be brief."),
            QUESTION,
            {"role": "assistant", "parts": [CALL]},
            {**tool({"n": 1}), "role": "user"},
        ],
    ),
    "vercel": (
        [
            {"role": "user", "content": [{"type": "text", "text": "How?"}]},
            {
                "role": "assistant",
                "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "look", "input": {"n": 1}}],
            },
            {
                "role": "tool",
                "content": [
                    {
                        "type": "tool-result",
                        "toolCallId": "c1",
                        "toolName": "look",
                        "output": {"type": "text", "value": "1"},
                    }
                ],
            },
        ],
        [QUESTION, {"role": "assistant", "parts": [CALL]}, tool("1", name="look")],
    ),
    "langchain": (
        {
            "messages": [
                [
                    {"lc": 1, "type": "constructor", "id": ["l", "SystemMessage"], "kwargs": {"content": "Be brief."}},
                    {
                        "lc": 1,
                        "type": "constructor",
                        "id": ["l", "HumanMessage"],
                        "kwargs": {"content": "How?", "type": "human"},
                    },
                    {
                        "lc": 1,
                        "type": "constructor",
                        "id": ["l", "AIMessage"],
                        "kwargs": {
                            "content": "",
                            "type": "ai",
                            "tool_calls": [{"name": "look", "args": {"n": 1}, "id": "c1", "type": "tool_call"}],
                        },
                    },
                    {"type": "tool", "data": {"content": "1", "tool_call_id": "c1"}},
                ]
            ]
        },
        [text("system", "Be brief."), QUESTION, {"role": "assistant", "parts": [CALL]}, tool("1")],
    ),
    "langchain tuples": ({"messages": [["user", "How?"], ["ai", "So."]]}, [QUESTION, ANSWER]),
    "haystack": ([{"_role": "user", "_content": [{"text": "How?"}]}], [QUESTION]),
    "image": (
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}],
        [{"role": "user", "parts": [{"type": "media", "modality": "image", "uri": "https://x.example/a.png"}]}],
    ),
}
OUTPUTS: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "openai chat": (
        {"id": "x", "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "So."}}]},
        [{**ANSWER, "finish_reason": "stop"}],
    ),
    "openai responses": (
        {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "So."}]}]},
        [ANSWER],
    ),
    "anthropic": (
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "So."}]},
        [{"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}, {"type": "text", "content": "So."}]}],
    ),
    "langchain": (
        {"generations": [[{"text": "So.", "message": {"lc": 1, "id": ["AIMessage"], "kwargs": {"content": "So."}}}]]},
        [ANSWER],
    ),
    "gemini": ({"candidates": [{"content": {"role": "model", "parts": [{"text": "So."}]}}]}, [ANSWER]),
    "tool calls only": (
        [{"name": "look", "args": {"n": 1}, "id": "c1", "type": "tool_call"}],
        [{"role": "assistant", "parts": [CALL]}],
    ),
}


@pytest.mark.parametrize("name", INPUTS)
def test_what_went_in_reads_as_one_conversation(name: str) -> None:
    value, messages = INPUTS[name]
    assert messages_of(value, "user") == messages


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_came_out_reads_as_one_conversation(name: str) -> None:
    value, messages = OUTPUTS[name]
    assert messages_of(value, "assistant") == messages


@pytest.mark.parametrize("name", INPUTS)
def test_a_python_repr_reads_like_its_json(name: str) -> None:
    value, messages = INPUTS[name]
    assert messages_of(parse(repr(value)), "user") == messages


def test_json_cut_in_the_middle_reads_as_far_as_it_goes() -> None:
    whole = json.dumps([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How do I do this?"}])
    assert messages_of(parse(whole[:-12]), "user") == [text("system", "Be brief."), text("user", "How do I")]


@pytest.mark.parametrize(
    "value", ["plain words", "{not: json}", "[1, 2, 3]", '{"a": 1}', '"quoted"', "", "[" * 5000, "12"]
)
def test_what_is_no_conversation_is_none(value: str) -> None:
    assert messages_of(parse(value), "user") == []


def test_half_an_emoji_does_not_hide_the_rest() -> None:
    assert parse('["cut \\ud83d", "whole \\ud83d\\ude00"]') == ["cut \ufffd", "whole \U0001f600"]


def test_indexed_keys_are_ordered_by_number() -> None:
    values: dict[str, Plain] = {"p.10.role": "c", "p.2.role": "b", "p.0.role": "a"}
    assert tree("p.", tuple(values), values) == [{"role": "a"}, {"role": "b"}, {"role": "c"}]


def test_a_value_that_is_an_object_stays_what_it_is() -> None:
    empty: dict[str, Any] = {}
    assert tree("", ("a.0", "a.1.b", "c"), {"a.0": empty, "a.1.b": "x", "c": {"0": "y"}}) == {
        "a": [{}, {"b": "x"}],
        "c": {"0": "y"},
    }
    assert empty == {}


def test_a_key_that_is_value_and_branch_keeps_both() -> None:
    values: dict[str, Plain] = {"a": "x", "a.b": "y"}
    assert tree("", ("a", "a.b"), values) == {"a": {"": "x", "b": "y"}}
    assert tree("", ("a.b", "a"), values) == {"a": {"b": "y", "": "x"}}
