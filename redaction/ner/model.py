"""What redaction asks of a model that recognises names, and the rules that make findings of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entity(NamedTuple):
    """A stretch that the model tagged, in characters of the text it was given.

    Labels: PERSON, ADDRESS, CITY, EMAIL_ADDRESS, PHONE_NUMBER, ID_NUMBER; and parts of addresses, which count only
    beside others: STREET, BUILDING, UNIT, STATE, ZIP.
    """

    start: int
    end: int
    label: str
    score: float


class NerModel(Protocol):
    """A model that finds entities in short texts (`max_chars` each).

    The answer for a text must not depend on the texts beside it: two replicas must redact alike, and caches be true.
    """

    name: str
    max_chars: int
    pace: int
    """Characters that it reads in a second of the processor, on the slowest text: what takes longer is stopped."""
    reads_keys: bool
    """Whether it wants to see the keys of JSON before their values, and names and addresses that rules have found."""

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Find the entities of each text, in its order and without overlap."""
        ...

    def close(self) -> None:
        """Free what the model holds."""
        ...


class Piece(NamedTuple):
    """A stretch of a record's view that the model reads at once; `key` is the keyed hash of its text."""

    start: int
    text: str
    key: bytes
