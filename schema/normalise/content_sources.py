"""The attributes that may hold a span's input or its output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schema.normalise.indexed_keys import tree
from schema.otlp.attributes import Plain, dump, parse, scalar, text

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One attribute, or one family of indexed attributes below a prefix; each of them holds something.

    `slot`: conversation, value, tool, instructions, definitions, text, reasoning or tool_calls. The methods take the
    values of the span's attributes by key.
    """

    slot: str
    dialect: int
    prefix: str
    keys: tuple[str, ...]
    has_calls: bool  # some of the indexed keys hold tool calls

    def value(self, values: Mapping[str, Plain]) -> Plain:
        """Return the value of the (first) attribute."""
        return values[self.keys[0]]

    def read(self, values: Mapping[str, Plain]) -> Plain:
        """Return the value, read from JSON or from indexed keys."""
        return self._tree(values) if self.prefix else parse(values[self.keys[0]])

    def raw(self, values: Mapping[str, Plain]) -> str:
        """Return the value as the sender wrote it."""
        return dump(self._tree(values)) if self.prefix else scalar(values[self.keys[0]])

    def calls_tools(self, values: Mapping[str, Plain]) -> bool:
        """Return whether it may hold a tool call, without reading it."""
        return self.has_calls if self.prefix else "tool" in text(values[self.keys[0]])

    def _tree(self, values: Mapping[str, Plain]) -> Plain:
        return tree(self.prefix, self.keys, values)


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of the content of one direction, the strongest first."""

    all: tuple[Source, ...]
    by_slot: Mapping[str, tuple[Source, ...]]


NO_SOURCES = Sources((), {})
"""For content that can only be in events."""
