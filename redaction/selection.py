"""Selects the hits that count: allow-lists, entities that a policy keeps, and thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redaction.recognizers.user_patterns import Pattern
    from redaction.text import Hit

ALLOWED = "allow-list"
KEPT = "kept"
UNSURE = "below the threshold"


@dataclass(frozen=True, slots=True)
class Allowed:
    """An entry of an allow-list: findings with this exact value are kept, of some entities or of all but `never`."""

    text: str = ""
    pattern: Pattern | None = None
    entities: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    def covers(self, value: str, entity: str) -> bool:
        """Whether this value of this entity is kept. Raises TimeLimitExceeded."""
        if entity not in self.entities if self.entities else entity in self.never:
            return False
        if self.pattern is not None:
            return self.pattern.fullmatch(value)
        return value.casefold().strip() == self.text


class Refused(NamedTuple):
    """A hit that does not count, and the reason."""

    hit: Hit
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A policy's choice of hits. It is made before overlapping hits are joined: a kept hit must not hide another."""

    allowed: tuple[Allowed, ...] = ()
    kept: frozenset[str] = frozenset()
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def refuse(self, value: str, entity: str, score: float) -> str:
        """Return why a hit does not count, "" when it does. Raises TimeLimitExceeded."""
        if entity in self.kept:
            return KEPT
        if score < self.thresholds.get(entity, 0.0):
            return UNSURE
        return ALLOWED if any(entry.covers(value, entity) for entry in self.allowed) else ""

    def of(self, text: str, hits: Iterable[Hit], refused: list[Refused] | None = None) -> list[Hit]:
        """Return the hits that count; the others are added to `refused`."""
        if not (self.allowed or self.kept or self.thresholds):
            return list(hits)
        counted: list[Hit] = []
        for hit in hits:
            reason = self.refuse(text[hit.start : hit.end], hit.entity, hit.score)
            if not reason:
                counted.append(hit)
            elif refused is not None:
                refused.append(Refused(hit, reason))
        return counted
