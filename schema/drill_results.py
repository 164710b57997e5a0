"""What a drill found of one kind of planted text. Loads no engine, so that a command starts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

IDENTIFIER: Final = "IDENTIFIER"
"""Entity of what is no secret and must survive: order ids, versions, amounts."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one kind of planted text in one kind of place."""

    entity: str
    place: str
    planted: int
    removed: int
    left_in_part: int
    left_whole: int
