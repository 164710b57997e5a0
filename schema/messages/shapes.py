"""The shapes in which providers and frameworks write messages, read into one: `{"role": str, "parts": [part, ...]}`.

Each reader knows one shape; `_SHAPES` has the condition for each. Any other object may be an envelope (a request or a
response) with messages inside.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schema.messages.blocks import is_call, parts_of
from schema.messages.blocks import is_result as holds_result
from schema.messages.flattened import chat_message
from schema.messages.one_message import LANGCHAIN, ROLES, Message, chat, message_with, standard
from schema.messages.parts import KNOWN, other_part
from schema.messages.records import are_events, is_result, message_of_result, messages_of_events
from schema.otlp.attributes import Plain, list_of, parse

if TYPE_CHECKING:
    from collections.abc import Callable

_MESSAGE = frozenset({"role", "content", "contents", "tool_calls"})
_ITEMS = frozenset({"function_call", "function_call_output", "reasoning"})
_NOT_ITEMS = frozenset({"tool_call", "server_tool_call"})  # blocks of a message
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


def is_whole(value: Plain) -> bool:
    """Return whether the messages of a value hold all that is in it: it is a list of messages, without an envelope."""
    return isinstance(value, list) and all(
        isinstance(item, dict) and ("parts" in item or isinstance(item.get("role"), str)) and "lc" not in item
        for item in value
    )


def with_system(messages: list[Message], instructions: Plain) -> list[Message]:
    """Return the messages with the system instructions before them, unless they open with a system message already."""
    parts = parts_of(parse(instructions))
    if not parts or (messages and messages[0].get("role") == "system"):
        return messages
    return [{"role": "system", "parts": list(parts)}, *messages]


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
            return [message_with(items[0], parts_of(items[1]))]
        return []
    if are_events(items):
        items = messages_of_events(items, role)
    conversation: list[Message] = []
    unread = []  # where the items are that no reader knows
    certain = False
    for item in items:
        if type(item) is dict and "parts" in item:  # the standard's shape, by far the most frequent
            conversation.append(standard(item, role))
            certain = True
            continue
        messages = _read(item, role, depth + 1)
        if messages:
            certain = certain or not isinstance(item, dict) or _reader(item) is not None
            conversation += messages
        elif item is not None and item != "":
            unread.append(len(conversation))
            conversation.append(_unread(item, role))
    if unread and not certain:
        return _blocks(items, role)
    return conversation


def _unread(item: Plain, role: str) -> Message:
    """Return a message for an item that no reader knows: text of this side, or a part that shows the item itself."""
    if not isinstance(item, dict):
        return message_with(role, parts_of(item))
    kind = _kind(item)
    return message_with("assistant", [other_part(kind, item)] if kind else parts_of(item))


def _blocks(items: list[Plain], role: str) -> list[Message]:
    """Content blocks without a message around them (Bedrock, tool calls of LangChain and Vercel).

    Some block has to be of a known type: a list of other objects is data.
    """
    parts: list[Plain] = []
    known = False
    for item in items:
        if not isinstance(item, dict):
            return []
        read = parts_of(item)
        known = known or any(
            part["type"] in KNOWN and (part["type"] != "text" or "text" in item or "type" in item) for part in read
        )
        parts += read
    return [{"role": role, "parts": parts}] if parts and known else []


def _read_dict(value: dict[str, Plain], role: str, depth: int) -> list[Message]:
    reader = _reader(value)
    return _envelope(value, role, depth) if reader is None else reader(value, role)


def _reader(value: dict[str, Plain]) -> Callable[[dict[str, Plain], str], list[Message]] | None:
    for applies, reader in _SHAPES:
        if applies(value):
            return reader
    return None


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
    return chat({**fields, "role": ROLES.get(role.lower(), role)}, role)


def _openinference(value: dict[str, Plain], role: str) -> list[Message]:
    return chat(chat_message(value), role)


def _haystack(value: dict[str, Plain], role: str) -> list[Message]:
    return chat({key.removeprefix("_"): item for key, item in value.items()}, role)


def _is_item(value: dict[str, Plain]) -> bool:
    kind = _kind(value)
    if kind in _ITEMS:
        return True
    if "call_id" not in value and "id" not in value:
        return False
    return kind not in _NOT_ITEMS and (
        kind.endswith(("_call", "_output", "_call_result")) and (is_call(kind) or holds_result(kind))
    )


def _item(value: dict[str, Plain], role: str) -> list[Message]:
    """Read an item of OpenAI's Responses API that is no message: a call, its output, reasoning."""
    own_role = "tool" if holds_result(_kind(value)) else "assistant"
    return [message_with(own_role or role, parts_of(value))]


def _envelope(value: dict[str, Plain], role: str, depth: int) -> list[Message]:
    messages: list[Message] = []
    for key in _INPUT_KEYS if role == "user" else _OUTPUT_KEYS:
        inner = value.get(key)
        if not inner:
            continue
        if isinstance(inner, str):
            own_role = "system" if key in {"system", "system_instruction", "instructions"} else role
            nested = messages_of(parse(inner), role) if inner[0] in "[{" else []
            messages += nested or [message_with(own_role, parts_of(inner))]
        elif key in {"system", "system_instruction"}:
            messages.append(message_with("system", parts_of(inner)))
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
        return [message_with(role, parts_of(value["text"]))]
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
    return _langchain_message(_kind(value), inner) if isinstance(inner, dict) else chat(value, role)


_SHAPES: tuple[tuple[Callable[[dict[str, Plain]], bool], Callable[[dict[str, Plain], str], list[Message]]], ...] = (
    (lambda value: "parts" in value, lambda value, role: [standard(value, role)]),
    (lambda value: value.get("lc") == 1 and "kwargs" in value, _langchain_constructor),
    (lambda value: "data" in value and _kind(value) in LANGCHAIN, _langchain_data),
    (lambda value: "role" in value and not isinstance(value["role"], (dict, list)), chat),
    (lambda value: "_role" in value, _haystack),
    (_is_openinference, _openinference),
    (is_result, lambda value, role: chat(message_of_result(value), role)),
    (
        lambda value: "content" in value and _kind(value) in LANGCHAIN,
        lambda value, _: _langchain_message(_kind(value), value),
    ),
    (_is_item, _item),
)
