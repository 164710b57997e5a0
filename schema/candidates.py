"""The attributes of one span that may hold its input or its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.attributes import Plain, dump, parse, scalar, text
from schema.indexed import tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.plan import Source


class Candidate:
    """One attribute, or one family of indexed attributes; each of them holds something.

    `slot`: conversation, value, tool, instructions, definitions, text, reasoning or tool_calls. `value`: that of the
    (first) attribute.
    """

    __slots__ = ("_values", "slot", "source", "value")

    def __init__(self, source: Source, values: Mapping[str, Plain]) -> None:
        """Take the values of all attributes of the span, by key."""
        self.slot = source.slot
        self.source = source
        self.value = values[source.keys[0]]
        self._values = values

    @property
    def items(self) -> list[tuple[str, Plain]]:
        """The attributes, by key."""
        values = self._values
        return [(key, values[key]) for key in self.source.keys]

    def read(self) -> Plain:
        """Return the value, read from JSON or from indexed keys."""
        return tree(self.source.prefix, self.items) if self.source.prefix else parse(self.value)

    def raw(self) -> str:
        """Return the value as the sender wrote it."""
        return dump(tree(self.source.prefix, self.items)) if self.source.prefix else scalar(self.value)

    def calls_tools(self) -> bool:
        """Return whether it may hold a tool call, without reading it."""
        if not self.source.prefix:
            return "tool" in text(self.value)
        return self.source.calls_tools
