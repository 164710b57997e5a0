"""OpenInference's flattened messages as chat messages (`role`, `content`, `tool_calls`).

https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain


def chat_message(value: dict[str, Plain]) -> dict[str, Plain]:
    """Return the chat message that a tree of `message.*`, `message_content.*` and `tool_call.*` keys holds."""
    inner = value.get("message")
    fields = dict(inner) if isinstance(inner, dict) else {}
    for key, item in value.items():
        if key.startswith("message."):
            fields[key[8:]] = item
    fields.setdefault("finish_reason", value.get("finish_reason"))
    contents = fields.pop("contents", None)
    if contents is not None and not fields.get("content"):
        called = bool(fields.get("tool_calls"))  # a call may come twice: as content too
        fields["content"] = [_message_content(item) for item in _values(contents) if not (called and _is_call(item))]
    elif isinstance(fields.get("content"), dict):  # message.content.0, message.content.1
        fields["content"] = list(_values(fields["content"]))
    calls = _values(fields.pop("tool_calls", None))
    if calls:
        fields["tool_calls"] = [_flat(call, "tool_call") for call in calls]
    return fields


def _is_call(item: Plain) -> bool:
    return isinstance(item, dict) and any(key.startswith("tool_call") for key in item)


def _message_content(item: Plain) -> Plain:
    if isinstance(item, dict) and _is_call(item):
        call = _flat({key: value for key, value in item.items() if key.startswith("tool_call")}, "tool_call")
        return {**call, "type": "tool_call"} if isinstance(call, dict) else call
    return _flat(item, "message_content")


def _flat(item: Plain, prefix: str) -> Plain:
    """`{"tool_call": {...}}` and `{"tool_call.function.name": ...}` as the plain object."""
    if not isinstance(item, dict):
        return item
    inner = item.get(prefix)
    if isinstance(inner, dict):
        return inner
    fields: dict[str, Plain] = {}
    for key, value in item.items():
        *path, last = key.removeprefix(prefix + ".").split(".")
        place = fields
        for step in path:
            deeper = place.setdefault(step, {})
            if not isinstance(deeper, dict):
                break
            place = deeper
        place[last] = value
    return fields


def _values(value: Plain) -> list[Plain]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
