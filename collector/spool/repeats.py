"""Recognition of repeated requests by a keyed hash, for at least a day, also when the machine's clock is changed."""

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
"""Time after its start before a process forgets anything: the clock may have changed while no process ran, and
exporters still retry."""


class Repeats:
    """Hashes of earlier requests, in the table `seen`; the callers hold the connection."""

    def __init__(self) -> None:
        # Age is measured with the monotonic clock from here on: a clock change makes no request older or younger.
        self._began = time.time_ns() - time.monotonic_ns()
        self._forget_at = time.monotonic_ns() + _FORGET_AFTER_NS

    @staticmethod
    def known(connection: sqlite3.Connection, groups: Sequence[Sequence[bytes]]) -> dict[bytes, int]:
        """Return the ids of earlier requests with one of these digests, by the first digest of each group."""
        known = {}
        for digests in groups:
            for digest in digests:
                row = connection.execute("select request_id from seen where digest = ?", (digest,)).fetchone()
                if row is not None:
                    known[digests[0]] = int(row[0])
        return known

    def remember(self, connection: sqlite3.Connection, digest: bytes, request_id: int) -> None:
        """Store the digest of a new request."""
        came_at = self._began + time.monotonic_ns()
        connection.execute("insert or replace into seen values (?, ?, ?)", (digest, request_id, came_at))

    def forget(self, connection: sqlite3.Connection) -> None:
        """Delete a bounded number of digests older than a day, at most once in ten seconds."""
        now = time.monotonic_ns()
        if now < self._forget_at:
            return
        self._forget_at = now + _FORGET_EVERY_NS
        connection.execute(
            "delete from seen where digest in (select digest from seen where received_at < ?"
            " order by received_at limit ?)",
            (self._began + now - _KEPT_NS, _FORGET_AT_ONCE),
        )
