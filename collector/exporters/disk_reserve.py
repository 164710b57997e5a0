"""The disk of the embedded store: inserts and merges stop before it is full.

If the disk is full during a merge, the engine can leave a broken part and have deleted the merged ones already. So
below a reserve nothing is inserted or merged. Requests wait in the spool, which refuses cleanly when it cannot grow.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from schema.store.store import Store

log = logging.getLogger(__name__)

_RESUME_FACTOR: Final = 1.25  # inserts resume when this many times the reserve is free, to avoid flapping


class DiskReserve:
    """Watches the free disk space of an embedded store. A ClickHouse server watches its own disk."""

    def __init__(self, store: Store, reserve_bytes: int) -> None:
        self._store = store
        self._reserve = reserve_bytes
        self._low = False

    def is_low(self) -> bool:
        """Return whether inserts have to wait. On a change, stop or start the engine's merges."""
        free = self._store.free_bytes()
        if free is None:
            return False
        low = free < self._reserve * (_RESUME_FACTOR if self._low else 1)
        if low != self._low:
            self._store.command("SYSTEM STOP MERGES" if low else "SYSTEM START MERGES")
            self._low = low
            if low:
                log.error(
                    "only %d MiB are free on the store's disk, the reserve is %d MiB: storing stops until more is free",
                    free >> 20,
                    self._reserve >> 20,
                )
            else:
                log.info("the store's disk has room again: storing goes on")
        return low
