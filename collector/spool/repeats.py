"""Requests that came before: known by a keyed hash for a day at least, whatever is done to the machine's clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_KEPT_NS: Final = 24 * 3600 * 10**9
_FORGET_EVERY_NS: Final = 10 * 10**9
_FORGET_AT_ONCE: Final = 5_000
_FORGET_AFTER_NS: Final = 600 * 10**9
"""A process forgets nothing before: the clock may have been set while it was away, and exporters still try again."""


class Repeats:
    """What one process knows of them; the callers hold the connection."""

    def __init__(self) -> None:
        # A day is counted from here on by a clock that nobody sets: a jump must make no request older, nor younger.
        self._began = time.time_ns() - time.monotonic_ns()
        self._forget_at = time.monotonic_ns() + _FORGET_AFTER_NS

    @staticmethod
    def known(connection: sqlite3.Connection, found: Sequence[Sequence[bytes]]) -> dict[bytes, int]:
        """Return the ids of the requests that had one of these digests, by the first digest of each group."""
        known = {}
        for digests in found:
            for digest in digests:
                row = connection.execute("select request_id from seen where digest = ?", (digest,)).fetchone()
                if row is not None:
                    known[digests[0]] = int(row[0])
        return known

    def remember(self, connection: sqlite3.Connection, digest: bytes, request_id: int) -> None:
        """Know this request from now on."""
        came_at = self._began + time.monotonic_ns()
        connection.execute("insert or replace into seen values (?, ?, ?)", (digest, request_id, came_at))

    def forget(self, connection: sqlite3.Connection) -> None:
        """Delete some of what came more than a day ago, now and then."""
        now = time.monotonic_ns()
        if now < self._forget_at:
            return
        self._forget_at = now + _FORGET_EVERY_NS
        connection.execute(
            "delete from seen where digest in (select digest from seen where received_at < ?"
            " order by received_at limit ?)",
            (self._began + now - _KEPT_NS, _FORGET_AT_ONCE),
        )
