"""Drills: planted personal data that went through the receiver, and what of it was found in the store afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from schema.drill_results import IDENTIFIER

if TYPE_CHECKING:
    from datetime import datetime

    from schema.store.store import Store

LAST_DRILL: Final = (
    f"SELECT at, sumIf(drill.planted, entity != '{IDENTIFIER}') AS planted,"
    f" sumIf(drill.removed, entity != '{IDENTIFIER}') AS removed,"
    f" sumIf(drill.planted, entity = '{IDENTIFIER}') AS identifiers,"
    f" sumIf(drill.left_whole, entity = '{IDENTIFIER}') AS kept"
    " FROM drills AS drill GROUP BY at, drill_id ORDER BY at DESC LIMIT 1"
)
"""The columns of LastDrill, no row if there was none."""


def removed_share(removed: int, planted: int) -> str:
    """Return how much was removed in percent, never rounded up: 99.97 % is not everything."""
    return f"{removed * 1000 // planted / 10:.1f} %" if planted else "nothing"


@dataclass(frozen=True, slots=True)
class LastDrill:
    """The drill that was run last: how much planted text was removed, how many innocent identifiers were kept."""

    at: datetime
    planted: int
    removed: int
    identifiers: int
    kept: int


def last_drill(store: Store) -> LastDrill | None:
    """Return what the last drill proved, None if there was none. Its data is invented: it is of no team.

    Raises StoreError.
    """
    rows = store.query(LAST_DRILL).to_pylist()
    return LastDrill(**rows[0]) if rows else None
