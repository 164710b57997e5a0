"""The fields of an object that a sender wrote: what no reader takes is kept, as its `extra`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain


class Fields:
    """The fields of one object, taken one by one; `extra` returns those that are left."""

    __slots__ = ("_frames", "left")

    def __init__(self, value: dict[str, Plain]) -> None:
        self.left = {**value}
        self._frames: list[tuple[str, Fields]] = []

    def take(self, *keys: str) -> Plain:
        """Take the first of these fields that is neither null nor "", None if none is."""
        left = self.left
        for key in keys:
            value = left.get(key)
            if value is not None and value != "":
                del left[key]
                return value
        return None

    def enter(self, *keys: str) -> Fields:
        """Return the fields of the object under the first of these keys that has one; these fields if none has."""
        for key in keys:
            value = self.left.get(key)
            if isinstance(value, dict):
                del self.left[key]
                inner = Fields(value)
                self._frames.append((key, inner))
                return inner
        return self

    def dig(self, *keys: str) -> Plain:
        """Take the first of these fields that holds something; in an object, the same again."""
        for key in keys:
            value = self.left.get(key)
            if isinstance(value, dict) and value:
                return self.enter(key).dig(*keys)
            if holds(value):
                del self.left[key]
                return value
        return None

    def extra(self) -> dict[str, Plain]:
        """Return the fields that were not taken and hold something, inside the objects that were entered too."""
        extra = {key: value for key, value in self.left.items() if holds(value)}
        for key, inner in self._frames:
            rest = inner.extra()
            if rest:
                extra[key] = rest
        return extra


def holds(value: Plain) -> bool:
    """Return whether a value holds anything: zero and false do."""
    return value is not None and value not in ("", [], {})
