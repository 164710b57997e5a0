"""Tells in logarithmic time whether a stretch of a text overlaps one of many others."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Covered:
    """Stretches of a text, passed in any order; those that overlap or touch count as one."""

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(stretches):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def touches(self, start: int, end: int) -> bool:
        """Whether a stretch covers some character from `start` to `end`."""
        before = bisect_left(self._starts, end) - 1
        return before >= 0 and self._ends[before] > start
