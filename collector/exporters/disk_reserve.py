"""The disk of the embedded store: storing stops before it is full.

A part that the engine is merging when the last byte goes can be left broken, with what it was merged from already
deleted. So below a reserve nothing is inserted and nothing is merged; requests wait in the spool, which refuses cleanly
when it cannot grow.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from schema.store.store import Store

log = logging.getLogger(__name__)

_AGAIN: Final = 1.25  # times the reserve must be free before storing goes on, so that it does not stop and go


class DiskReserve:
    """Watches the free space beside an embedded store; a server watches its own."""

    def __init__(self, store: Store, reserve_bytes: int) -> None:
        self._store = store
        self._reserve = reserve_bytes
        self._low = False

    def is_low(self) -> bool:
        """Tell whether storing has to wait, and stop or start the engine's merges where that changes."""
        free = self._store.free_bytes()
        if free is None:
            return False
        low = free < self._reserve * (_AGAIN if self._low else 1)
        if low != self._low:
            self._store.command("SYSTEM STOP MERGES" if low else "SYSTEM START MERGES")
            self._low = low
            if low:
                log.error(
                    "only %d MiB are free where the store is, the reserve is %d MiB: storing stops until there is more",
                    free >> 20,
                    self._reserve >> 20,
                )
            else:
                log.info("there is room on the disk again: storing goes on")
        return low
