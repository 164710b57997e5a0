"""The tools that a model call was offered are part of what went into it, in any provider's form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from otlp_requests import spans_of

from schema.messages.tool_definitions import definitions_of

SCHEMA = {"type": "object", "properties": {"order_id": {"type": "string"}}}
PART = {"type": "tool_definition", "name": "look_up", "description": "Look up an order", "parameters": SCHEMA}
BARE = {"name": "look_up", "description": "Look up an order"}
FORMS: dict[str, Any] = {
    "openai": [{"type": "function", "function": {**BARE, "parameters": SCHEMA, "strict": True}}],
    "openai responses": [{"type": "function", **BARE, "parameters": SCHEMA}],
    "anthropic": [{**BARE, "input_schema": SCHEMA}],
    "bedrock": [{"toolSpec": {**BARE, "inputSchema": {"json": SCHEMA}}}],
    "gemini": [{"function_declarations": [{**BARE, "parameters": SCHEMA}]}],
    "google adk": [{**BARE, "parameters_json_schema": SCHEMA}],
    "vercel, strings in an array": [json.dumps({"type": "function", **BARE, "inputSchema": SCHEMA})],
    "openinference, indexed": [{"tool": {"json_schema": json.dumps({"type": "function", "function": PART})}}],
    "openllmetry, indexed": [{**BARE, "parameters": json.dumps(SCHEMA)}],
    "a python repr": repr([{"type": "function", "function": {**BARE, "parameters": SCHEMA}}]),
}
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"}
DEFINITIONS = json.dumps(FORMS["openai"])


def user(content: str) -> dict[str, Any]:
    return {"role": "user", "parts": [{"type": "text", "content": content}]}


def llm_input(**attributes: object) -> Any:
    (span,) = spans_of({"attributes": {**CHAT, **{key.replace("__", "."): item for key, item in attributes.items()}}})
    return json.loads(span.input)


@pytest.mark.parametrize("form", FORMS)
def test_a_definition_is_read_in_any_form(form: str) -> None:
    assert definitions_of(FORMS[form]) == [PART]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["a", "b"], ["a", "b"]),
        ([{"type": "web_search"}], ["web_search"]),
        ("", []),
        ([None, 3, {}], []),
        ("[" * 99, []),
    ],
)
def test_what_is_hardly_a_definition_gives_what_it_says(value: Any, names: list[str]) -> None:
    assert [part.get("name") for part in definitions_of(value)] == names


def test_definitions_join_the_system_message() -> None:
    messages = [{"role": "system", "parts": [{"type": "text", "content": "Be brief."}]}, user("Hello")]
    found = llm_input(gen_ai__input__messages=json.dumps(messages), gen_ai__tool__definitions=DEFINITIONS)
    assert found[0]["parts"] == [{"type": "text", "content": "Be brief."}, PART]
    assert found[1:] == [user("Hello")]


def test_definitions_open_a_conversation_without_a_system_message() -> None:
    found = llm_input(gen_ai__input__messages=json.dumps([user("Hello")]), gen_ai__tool__definitions=DEFINITIONS)
    assert found == [{"role": "system", "parts": [PART]}, user("Hello")]


def test_definitions_alone_are_shown_where_no_content_was_captured() -> None:
    assert llm_input(gen_ai__tool__definitions=DEFINITIONS) == [{"role": "system", "parts": [PART]}]


def test_a_plain_prompt_stays_beside_definitions_and_instructions() -> None:
    assert llm_input(input__value="Hello", gen_ai__tool__definitions=DEFINITIONS)[1] == user("Hello")
    assert llm_input(input__value="Hello", gen_ai__system_instructions="Be brief.")[1] == user("Hello")


def test_definitions_do_not_change_the_hash_of_the_prompt() -> None:
    attributes_of_call = {
        **CHAT,
        "gen_ai.input.messages": json.dumps([user("Hello")]),
        "gen_ai.system_instructions": "Be brief.",
    }
    plain, offered = spans_of(
        {"attributes": attributes_of_call},
        {"attributes": {**attributes_of_call, "gen_ai.tool.definitions": DEFINITIONS}},
    )
    assert plain.prompt_hash == offered.prompt_hash != ""
    assert plain.input_preview == offered.input_preview == "Hello"


def test_only_what_the_parts_do_not_hold_stays_an_attribute() -> None:
    definition = {"type": "function", "function": {**BARE, "parameters": SCHEMA, "owner": "shop"}}
    (span,) = spans_of({"attributes": {**CHAT, "gen_ai.tool.definitions": json.dumps([definition])}})
    assert json.loads(span.attributes["gen_ai.tool.definitions"]) == [{"function": {"owner": "shop"}}]
    (span,) = spans_of({"attributes": {**CHAT, "gen_ai.tool.definitions": json.dumps(FORMS["openai responses"])}})
    assert "gen_ai.tool.definitions" not in span.attributes


@pytest.mark.parametrize(("ends_after", "shown", "empty"), [(1_000, "input", "output"), (0, "output", "input")])
def test_a_logfire_span_shows_the_program_s_own_attributes(ends_after: int, shown: str, empty: str) -> None:
    attributes = {
        "n": 2,
        "docs": '["one", "two"]',
        "logfire.json_schema": '{"properties": {"n": {}, "docs": {}, "gone": {}}}',
    }
    start = 1_795_325_000_000_000_000
    (span,) = spans_of({"scope": "logfire", "attributes": attributes, "start": start, "end": start + ends_after})
    assert json.loads(getattr(span, shown)) == {"n": "2", "docs": ["one", "two"]}
    assert getattr(span, empty) == ""
    assert (span.attributes["n"], span.attributes["docs"]) == ("2", attributes["docs"])
    (other,) = spans_of({"scope": "my-app", "attributes": attributes})
    assert (other.input, other.output) == ("", "")
