"""The tools that a model call was offered, as parts of its conversation.

A part is `{"type": "tool_definition", "name": str, "description": str, "parameters": JSON schema}`; a key that the
sender did not fill is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schema.otlp.attributes import Plain, list_of, parse

if TYPE_CHECKING:
    from schema.messages.one_message import Message
    from schema.messages.parts import Part

DEFINITION: Final = "tool_definition"
"""The type of such a part."""

_DEPTH: Final = 8  # frames around a definition that are followed
# Keys under which providers and instrumentations wrap a definition.
_FRAMES: Final = ("function", "toolSpec", "tool", "tool.json_schema", "json_schema")
_LISTS: Final = ("function_declarations", "functionDeclarations", "function_tools", "tools")
_PARAMETERS: Final = ("parameters", "input_schema", "inputSchema", "parameters_json_schema", "parametersJsonSchema")


def definitions_of(value: Plain) -> list[Part]:
    """Return the definitions that a value holds, in the form of any provider."""
    return _read(value, 0)


def with_definitions(messages: list[Message], definitions: list[Part]) -> list[Message]:
    """Return the messages with the tools offered in the system message that opens them."""
    if not definitions:
        return messages
    if messages and messages[0].get("role") == "system":
        first = messages[0]
        parts = first.get("parts")
        return [{**first, "parts": [*(parts if isinstance(parts, list) else []), *definitions]}, *messages[1:]]
    return [{"role": "system", "parts": list(definitions)}, *messages]


def offered(messages: Plain) -> list[Part]:
    """Return the definitions in a conversation."""
    return [
        part
        for message in list_of(messages)
        if isinstance(message, dict)
        for part in list_of(message.get("parts"))
        if isinstance(part, dict) and part.get("type") == DEFINITION
    ]


def _read(value: Plain, depth: int) -> list[Part]:
    value = parse(value)
    if depth > _DEPTH or not value:
        return []
    if isinstance(value, list):
        return [part for item in value for part in _read(item, depth + 1)]
    if isinstance(value, str):  # only the tool's name
        return [{"type": DEFINITION, "name": value}]
    return _definition(value, depth) if isinstance(value, dict) else []


def _definition(value: dict[str, Plain], depth: int) -> list[Part]:
    for name in _LISTS:
        if isinstance(value.get(name), list):
            return _read(value[name], depth + 1)
    if "name" not in value:
        for name in _FRAMES:
            inner = parse(value.get(name))
            if isinstance(inner, dict):
                return _read(inner, depth + 1)
    part: Part = {"type": DEFINITION, "name": value.get("name") or value.get("type") or ""}
    if value.get("description"):
        part["description"] = value["description"]
    for name in _PARAMETERS:
        schema = parse(value.get(name))
        if schema:
            part["parameters"] = schema["json"] if isinstance(schema, dict) and schema.keys() == {"json"} else schema
            break
    return [part]
