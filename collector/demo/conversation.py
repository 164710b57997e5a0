"""Messages between an agent and its model, independent of a semantic convention."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

_CHARACTERS_A_TOKEN = 4
_TOOL_SCHEMA_TOKENS = 180


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its speed; `caches` means that its provider bills a repeated prefix as cached."""

    provider: str
    name: str
    first_token_ms: float
    token_ms: float
    caches: bool = True


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call of the model."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a text, tool calls of the assistant, or the result of a tool call."""

    role: str
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `input` includes the cached ones."""

    input: int
    output: int
    cached: int


@dataclass(slots=True)
class Conversation:
    """The messages so far. Every model call sends all of them again, so providers cache them."""

    model: Model
    instructions: str
    tools: tuple[str, ...] = ()
    messages: list[Message] = field(default_factory=list)
    _sent_tokens: int = 0

    def usage(self, answer: Message) -> Usage:
        """Return the tokens of the model call with this answer, and count its prefix as cached from now on."""
        text = self.instructions + json.dumps([_content(message) for message in self.messages])
        sent = len(text) // _CHARACTERS_A_TOKEN + _TOOL_SCHEMA_TOKENS * len(self.tools)
        cached = self._sent_tokens // 128 * 128 if self.model.caches else 0
        self._sent_tokens = sent
        return Usage(sent, len(json.dumps(_content(answer))) // _CHARACTERS_A_TOKEN + 12, cached)


def _content(message: Message) -> list[Any]:
    return [message.role, message.text, *([call.name, call.arguments] for call in message.calls)]
