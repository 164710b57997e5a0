"""Messages that are written as events or as results of calls, read as chat messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain

_EVENT: Final = "event.name"
_WITH_TEXT: Final = frozenset({"toolCalls", "reasoning", "reasoningText", "files", "sources"})


def are_events(items: list[Plain]) -> bool:
    """Return whether a list holds events of the old GenAI convention (Pydantic AI 1 keeps them in an attribute)."""
    return bool(items) and isinstance(items[0], dict) and _EVENT in items[0]


def messages_of_events(items: list[Plain], role: str) -> list[Plain]:
    """Return the events' messages in one direction: answers are choices, all other events are input."""
    messages: list[Plain] = []
    for item in items:
        if not isinstance(item, dict) or (item.get(_EVENT) == "gen_ai.choice") != (role == "assistant"):
            continue
        inner = item.get("message")
        message: dict[str, Plain] = dict(inner) if isinstance(inner, dict) else dict(item)
        if item.get(_EVENT) == "gen_ai.tool.message":
            message.setdefault("tool_call_id", item.get("id"))
        if item.get("finish_reason"):
            message["finish_reason"] = item["finish_reason"]
        messages.append(message)
    return messages


def is_result(value: dict[str, Plain]) -> bool:
    """Return whether an object is the result of a call by the Vercel AI SDK's names (Mastra keeps all of it)."""
    return isinstance(value.get("text"), str) and "type" not in value and not _WITH_TEXT.isdisjoint(value)


def message_of_result(value: dict[str, Plain]) -> dict[str, Plain]:
    """Return the message that such a result holds."""
    reasoning = value.get("reasoningText") or value.get("reasoning")
    return {
        "role": "assistant",
        "content": value["text"],
        "toolCalls": value.get("toolCalls"),
        "reasoning": reasoning if isinstance(reasoning, str) else None,
    }
