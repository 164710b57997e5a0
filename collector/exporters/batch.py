"""Collects rows into blocks: the store needs less CPU a row for fewer and larger blocks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from collector.pipeline.worker import Rows

_ROWS: Final = 4_000  # blocks of 800 rows cost nearly twice the CPU a row (docs/adr/0010-what-the-way-costs.md)
_SHORTEST: Final = 0.3  # seconds that rows wait for more rows, at least ...
_SHARE: Final = 0.2  # ... or this share of the time since their request was received ...
_LONGEST: Final = 1.5  # ... and at most


class Block:
    """Rows that are ready for the store, by request. Not safe to use from several threads."""

    def __init__(self) -> None:
        self._rows: dict[int, Rows] = {}
        self._size = 0
        self._due_at = 0.0

    @property
    def requests(self) -> Collection[int]:
        """Ids of the requests with rows in the block."""
        return self._rows.keys()

    def add(self, rows: Rows) -> None:
        """Add the rows of a request."""
        if not self._rows:
            waited = time.time() - rows.received_at / 1e9
            self._due_at = time.monotonic() + min(_LONGEST, max(_SHORTEST, _SHARE * waited))
        self._rows[rows.request_id] = rows
        self._size += rows.count

    def is_due(self, *, alone: bool) -> bool:
        """Return whether to insert the block now; `alone` means that no request is at the workers."""
        return bool(self._rows) and (alone or self._size >= _ROWS or time.monotonic() >= self._due_at)

    def taken(self) -> list[Rows]:
        """Return the rows, and empty the block."""
        rows, self._rows, self._size = list(self._rows.values()), {}, 0
        return rows
