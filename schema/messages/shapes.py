"""The shapes in which providers and frameworks write messages, read into one: `{"role": str, "parts": [part, ...]}`.

Each reader knows one shape; `_SHAPES` has the condition for each. Any other object may be an envelope (a request or a
response) with messages inside.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schema.messages.flattened import chat_message
from schema.messages.parts import Part, parts_of, text_part, tool_call, tool_result
from schema.messages.records import are_events, is_result, message_of_result, messages_of_events
from schema.messages.tool_definitions import definitions_of
from schema.otlp.attributes import Plain, list_of, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Message = dict[str, Plain]

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "aimessagechunk": "assistant",
    "developer": "system",
    "function": "tool",
    "tool-call": "assistant",
    "tool-response": "tool",
}
_STANDARD_ROLES = frozenset({"system", "user", "assistant", "tool"})
_LANGCHAIN = frozenset({"human", "ai", "system", "tool", "function", "chat", "AIMessageChunk", "developer"})
_MESSAGE = frozenset({"role", "content", "contents", "tool_calls"})
_DEPTH = 8  # envelopes inside envelopes that a framework may wrap around its messages
# Keys under which requests and responses keep their messages, in the order of the conversation.
_INPUT_KEYS = ("system", "system_instruction", "instructions", "messages", "contents", "prompt", "input", "inputs")
_OUTPUT_KEYS = (
    "choices",
    "generations",
    "candidates",
    "message",
    "output",
    "outputs",
    "messages",
    "response",
    "content",
    "raw",
)


def messages_of(value: Plain, role: str) -> list[Message]:
    """Return the messages that a value holds, [] if it is no conversation.

    `role` is that of bare text ("user" for input, "assistant" for output). Strings are not parsed here.
    """
    return _read(value, role, 0)


def with_system(messages: list[Message], instructions: Plain) -> list[Message]:
    """Return the messages with the system instructions before them, unless they open with a system message already."""
    parts = parts_of(parse(instructions))
    if not parts or (messages and messages[0].get("role") == "system"):
        return messages
    return [{"role": "system", "parts": list(parts)}, *messages]


def _message(role: Plain, parts: Sequence[Plain], source: dict[str, Plain]) -> Message:
    name = role.lower() if isinstance(role, str) else ""
    message: Message = {"role": _ROLES.get(name, name), "parts": list(parts)}
    for key in ("name", "finish_reason"):
        value = source.get(key)
        if value:
            message[key] = value
    return message


def _read(value: Plain, role: str, depth: int) -> list[Message]:
    if depth > _DEPTH:
        return []
    if isinstance(value, list):
        return _read_list(value, role, depth)
    if isinstance(value, dict):
        return _read_dict(value, role, depth)
    return []


def _read_list(items: list[Plain], role: str, depth: int) -> list[Message]:
    if len(items) == 2 and isinstance(items[0], str) and isinstance(items[1], str):  # noqa: PLR2004
        if items[0].lower() in {"user", "human", "assistant", "ai", "system"}:  # LangChain: ("user", text)
            return [_message(items[0], parts_of(items[1]), {})]
        return []
    if are_events(items):
        items = messages_of_events(items, role)
    conversation: list[Message] = []
    for item in items:
        if type(item) is dict and "parts" in item:  # the standard's shape, by far the most frequent
            conversation.append(_standard(item, role))
            continue
        if not isinstance(item, (dict, list)):
            return []
        messages = _read(item, role, depth + 1)
        if not messages:
            return _blocks(items, role)
        conversation += messages
    return conversation


def _blocks(items: list[Plain], role: str) -> list[Message]:
    """Content blocks without a message around them (Bedrock, tool calls of LangChain and Vercel)."""
    parts = []
    for item in items:
        if not isinstance(item, dict):
            return []
        read = parts_of(item)
        if read and read[0].get("type") == "text" and "text" not in item:
            return []
        parts += read
    return [{"role": role, "parts": list(parts)}] if parts else []


def _read_dict(value: dict[str, Plain], role: str, depth: int) -> list[Message]:
    for applies, reader in _SHAPES:
        if applies(value):
            return reader(value, role)
    return _envelope(value, role, depth)


def _standard(value: dict[str, Plain], role: str) -> Message:
    parts = value["parts"]
    if not (isinstance(parts, list) and _are_texts(parts)):
        parts = list(parts_of(parts))
    own_role = value.get("role")
    if parts is value["parts"] and len(value) == 2 and type(own_role) is str and own_role in _STANDARD_ROLES:  # noqa: PLR2004
        return value  # a role and parts: it is in our shape already
    return _message(own_role or role, parts, value)


def _are_texts(parts: list[Plain]) -> bool:
    for part in parts:
        if not (isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("content"), str)):
            return False
    return True


def _chat(value: dict[str, Plain], role: str) -> list[Message]:
    """OpenAI, Anthropic, Bedrock, Vercel, OpenLLMetry: a role with content, calls and the id of a call answered."""
    own_role = value.get("role") or role
    content = value.get("content")
    if content is None:
        content = value.get("contents")
    call_id = value.get("tool_call_id")
    if call_id and str(own_role).lower() in {"tool", "function", "user"}:
        result = parse(content) if isinstance(content, str) and content[:8] == '[{"type"' else content
        return [_message("tool", [tool_result(call_id, value.get("name"), result)], value)]
    if isinstance(content, dict) and content.get("type") == "function" and str(own_role).lower() == "tool":
        return [_message("system", list(definitions_of(content)), {})]  # Langfuse: the tools that LangChain offers
    parts: list[Part] = []
    for key in ("reasoning_content", "reasoning"):
        reasoning = value.get(key)
        if isinstance(reasoning, str) and reasoning:
            parts.append({"type": "reasoning", "content": reasoning})
    parts += parts_of(_content(content))
    parts += _calls(value)
    refusal = value.get("refusal")
    if isinstance(refusal, str) and refusal:
        parts.append(text_part(refusal))
    function = value.get("function")
    if isinstance(function, dict):  # AutoGen: {"role": "function", "function": {"0": "{...}"}}
        own_role, more = "tool", [_function_result(parse(item)) for item in function.values()]
        parts += more
    if own_role == "user" and parts and all(part.get("type") == "tool_result" for part in parts):
        own_role = "tool"
    return [_message(own_role, parts, value)]


def _content(content: Plain) -> Plain:
    """OpenLLMetry and Strands keep a list of blocks as JSON in a string."""
    if isinstance(content, str) and content[:2] == "[{":
        parsed = parse(content)
        if isinstance(parsed, list) and all(
            isinstance(item, dict) and ("type" in item or item.keys() & {"text", "toolUse", "toolResult"})
            for item in parsed
        ):
            return parsed
    return content


def _function_result(item: Plain) -> Part:
    if isinstance(item, dict):
        return tool_result(item.get("call_id") or item.get("id"), item.get("name"), item.get("content"))
    return tool_result(None, None, item)


def _calls(value: dict[str, Plain]) -> list[Part]:
    calls = parse(value.get("tool_calls") or value.get("toolCalls"))
    if isinstance(calls, dict):  # indexed keys that were not 0, 1, 2 ...
        calls = list(calls.values())
    parts = [
        part for call in list_of(calls) if isinstance(call, dict) for part in parts_of({"type": "tool_call", **call})
    ]
    single = value.get("function_call")
    if isinstance(single, dict) and single.get("name"):
        parts.append(tool_call(None, single.get("name"), single.get("arguments")))
    if value.get("function_call_name"):
        parts.append(tool_call(None, value["function_call_name"], value.get("function_call_arguments_json")))
    return parts


def _langchain_constructor(value: dict[str, Plain], role: str) -> list[Message]:
    fields = value.get("kwargs")
    if not isinstance(fields, dict):
        return []
    kind = fields.get("type")
    if not isinstance(kind, str):
        path = list_of(value.get("id"))
        kind = re.sub(r"Message(Chunk)?$", "", str(path[-1])).lower() if path else role
    return _langchain_message(kind, fields)


def _langchain_message(kind: str, fields: dict[str, Plain]) -> list[Message]:
    role = kind if kind != "chat" else str(fields.get("role") or "user")
    return _chat({**fields, "role": _ROLES.get(role.lower(), role)}, role)


def _openinference(value: dict[str, Plain], role: str) -> list[Message]:
    return _chat(chat_message(value), role)


def _haystack(value: dict[str, Plain], role: str) -> list[Message]:
    return _chat({"role": value.get("_role"), "content": value.get("_content"), "name": value.get("_name")}, role)


def _item(value: dict[str, Plain], role: str) -> list[Message]:
    """Read an item of OpenAI's Responses API that is no message: a call, its output, reasoning."""
    kind = value["type"]
    own_role = "tool" if kind == "function_call_output" else "assistant"
    return [_message(own_role or role, parts_of(value), {})]


def _envelope(value: dict[str, Plain], role: str, depth: int) -> list[Message]:
    messages: list[Message] = []
    for key in _INPUT_KEYS if role == "user" else _OUTPUT_KEYS:
        inner = value.get(key)
        if not inner:
            continue
        if isinstance(inner, str):
            own_role = "system" if key in {"system", "system_instruction", "instructions"} else role
            nested = messages_of(parse(inner), role) if inner[0] in "[{" else []
            messages += nested or [_message(own_role, parts_of(inner), {})]
        elif key in {"system", "system_instruction"}:
            messages.append(_message("system", parts_of(inner), {}))
        else:
            messages += _read(inner, role, depth + 1)
        if messages and role != "user":
            return messages
    config = value.get("config")
    if isinstance(config, dict) and config.get("system_instruction"):  # Gemini
        return with_system(messages, config["system_instruction"]) if messages else []
    if (
        not messages
        and "text" in value
        and isinstance(value["text"], str)
        and value.keys() & {"generation_info", "message"}
    ):
        return [_message(role, parts_of(value["text"]), {})]
    return messages


def _kind(value: dict[str, Plain]) -> str:
    kind = value.get("type")
    return kind if isinstance(kind, str) else ""


def _is_openinference(value: dict[str, Plain]) -> bool:
    inner = value.get("message")
    if isinstance(inner, dict):
        return not _MESSAGE.isdisjoint(inner)
    return "message.role" in value or "message.content" in value


def _langchain_data(value: dict[str, Plain], role: str) -> list[Message]:
    """Read LangChain's serialised messages: `{"type": "human", "data": {"content": ...}}`."""
    inner = value.get("data")
    return _langchain_message(_kind(value), inner) if isinstance(inner, dict) else _chat(value, role)


_SHAPES: tuple[tuple[Callable[[dict[str, Plain]], bool], Callable[[dict[str, Plain], str], list[Message]]], ...] = (
    (lambda value: "parts" in value, lambda value, role: [_standard(value, role)]),
    (lambda value: value.get("lc") == 1 and "kwargs" in value, _langchain_constructor),
    (lambda value: "data" in value and _kind(value) in _LANGCHAIN, _langchain_data),
    (lambda value: "role" in value and not isinstance(value["role"], (dict, list)), _chat),
    (lambda value: "_role" in value, _haystack),
    (_is_openinference, _openinference),
    (is_result, lambda value, role: _chat(message_of_result(value), role)),
    (
        lambda value: "content" in value and _kind(value) in _LANGCHAIN,
        lambda value, _: _langchain_message(_kind(value), value),
    ),
    (lambda value: _kind(value) in {"function_call", "function_call_output", "reasoning"}, _item),
)
