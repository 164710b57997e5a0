"""What is deleted or priced again, and how much that was. Loads no engine, so that a command starts at once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - the API reads the fields of Repriced when the program runs
from typing import Literal

Named = Literal["user", "session", "trace"]
"""What names the runs to delete."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How much was deleted, or would be."""

    runs: int
    spans: int
    log_records: int


@dataclass(frozen=True, slots=True)
class Repriced:
    """How many calls were looked at, how many got another cost or source, and what all of them cost.

    `before` and `after` are USD, failed calls left out as `runs` does; None: not one of them has a price.
    """

    calls: int
    changed: int
    before: Decimal | None
    after: Decimal | None
