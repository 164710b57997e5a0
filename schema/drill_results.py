"""The result of a drill for one kind of planted text. Loads no engine, so that a command starts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

IDENTIFIER: Final = "IDENTIFIER"
"""Entity of planted texts that are no secrets and must survive: order ids, versions, amounts."""


@dataclass(frozen=True, slots=True)
class Result:
    """How many texts of one kind, planted in one kind of place, were removed and how many were left."""

    entity: str
    place: str
    planted: int
    removed: int
    left_in_part: int
    left_whole: int
