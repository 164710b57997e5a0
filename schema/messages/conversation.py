"""One shape of a conversation for all dialects: `[{"role": str, "parts": [part, ...]}, ...]` (parts: parts.py).

A value that is not recognised as a conversation is never dropped: the caller keeps the sender's text.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from schema.otlp.attributes import dump, list_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schema.messages.one_message import Message
    from schema.messages.parts import Part
    from schema.otlp.attributes import Plain

PREVIEW = 200
"""Characters of a preview."""


def compact(messages: list[Message]) -> str:
    """Return the messages as compact JSON."""
    return dump(messages)


def with_tool_calls(messages: list[Message], more: list[Message]) -> list[Message]:
    """Return the messages with tool calls that only the other rendition of the same messages has."""
    if any(part.get("type") == "tool_call" for part in _parts(messages)):
        return messages
    calls: list[Plain] = [part for part in _parts(more) if part.get("type") == "tool_call"]
    if not calls:
        return messages
    last = messages[-1]
    return [*messages[:-1], {**last, "parts": [*list_of(last.get("parts")), *calls]}]


def has_parts(messages: list[Message]) -> bool:
    """Tell whether any message has parts."""
    return any(message.get("parts") for message in messages)


def last_user_text(messages: Sequence[Message]) -> str:
    """Return the last text of a user that is not blank; the text of the last message if there is none of a user."""
    for message in reversed(messages):
        if message.get("role") == "user":
            content = _shown_text(message)
            if content:
                return content
    return _shown_text(messages[-1]) if messages else ""


def answer_text(messages: Sequence[Message]) -> str:
    """Return the text of the last message that has any but blanks; its tool calls by name if none has."""
    for message in reversed(messages):
        content = _shown_text(message)
        if content:
            return content
    return ", ".join(str(part.get("name")) for part in _parts(messages) if part.get("type") == "tool_call")


def without_blank_start(text: str) -> str:
    """Return a text from its first line that is not blank, "" if all are."""
    if not text[:1].isspace():
        return text
    start = len(text) - len(text.lstrip())
    return "" if start == len(text) else text[text.rfind("\n", 0, start) + 1 :]


def system_text(messages: Iterable[Message]) -> str:
    """Return the text of the system messages that open the conversation."""
    texts = []
    for message in messages:
        if message.get("role") != "system":
            break
        texts.append(_text_of(message))
    return "\n".join(texts)


def prompt_hash(messages: Iterable[Message]) -> str:
    """Return "sha256:" and the hash of the system text, "" if there is none."""
    instructions = system_text(messages)
    return f"sha256:{hashlib.sha256(instructions.encode()).hexdigest()}" if instructions else ""


def _parts(messages: Iterable[Message]) -> Iterable[Part]:
    for message in messages:
        for part in list_of(message.get("parts")):
            if isinstance(part, dict):
                yield part


def _text_of(message: Message) -> str:
    texts = []
    for part in list_of(message.get("parts")):
        if isinstance(part, dict) and part.get("type") == "text":
            content = part.get("content")
            if isinstance(content, str):
                texts.append(content)
    return "\n".join(texts)


def _shown_text(message: Message) -> str:
    return without_blank_start(_text_of(message))
