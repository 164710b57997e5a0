"""The interface of a model for named entity recognition."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entity(NamedTuple):
    """A stretch that the model tagged, in characters of its input.

    Labels: PERSON, ADDRESS, CITY, EMAIL_ADDRESS, PHONE_NUMBER, ID_NUMBER; and parts of addresses, which count only
    next to others: STREET, BUILDING, UNIT, STATE, ZIP.
    """

    start: int
    end: int
    label: str
    score: float


class NerModel(Protocol):
    """A model that finds entities in short texts (`max_chars` each).

    The answer for a text must not depend on the other texts of a call: replicas must redact alike, and caches be valid.
    """

    name: str
    max_chars: int
    pace: int
    """Characters that it reads in a second of CPU time, on the slowest text; a text that takes longer is stopped."""
    reads_keys: bool
    """Whether its input has the keys of JSON before their values, and names and addresses that rules have found."""

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Find the entities of each text, in order and without overlap."""
        ...

    def close(self) -> None:
        """Free the memory of the model."""
        ...


class Piece(NamedTuple):
    """A stretch of a record's view that the model reads in one go; `key` is the keyed hash of its text."""

    start: int
    text: str
    key: bytes
