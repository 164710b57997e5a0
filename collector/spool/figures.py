"""Figures of the server and the supervisor for /metrics. They pass them to the receiver in the spool's file."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Self

from collector.spool.file import SpoolError, transaction

if TYPE_CHECKING:
    from collector.spool.spool import Spool

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """Figures of the server since its start. `last_insert` is in seconds since 1970; 0 means no insert yet."""

    worker_restarts: float = 0
    insert_seconds: float = 0
    inserts: float = 0
    last_insert: float = 0
    vanished_rows: float = 0

    def inserted(self, seconds: float, *, at: float) -> Self:
        """Return the figures after one more insert."""
        return replace(self, insert_seconds=self.insert_seconds + seconds, inserts=self.inserts + 1, last_insert=at)

    def after(self, *, restarts: int) -> Self:
        """Return the figures with so many restarts of workers."""
        return replace(self, worker_restarts=float(restarts))

    def lacking(self, rows: int) -> Self:
        """Return the figures with so many rows that the store should hold and does not."""
        return replace(self, vanished_rows=float(rows))


def note(spool: Spool, figures: ServerFigures) -> None:
    """Write the figures into the spool's file. A `last_insert` of 0 keeps the older one. Raises SpoolError."""
    with spool.opened() as connection, transaction(connection):
        connection.executemany(
            "insert or replace into figure values (?, ?)",
            [(name, value) for name, value in asdict(figures).items() if name != "last_insert" or value],
        )


def note_refusals(spool: Spool, count: int) -> None:
    """Write into the spool's file the number of policy files refused since this instance started."""
    try:
        with spool.opened() as connection, transaction(connection):
            connection.execute("insert or replace into figure values ('policy_refusals', ?)", (float(count),))
    except SpoolError as error:
        log.warning("the refused policy file is missing from the metrics: %s", error)
