"""Requests of the spool to the workers, ingest keys in turn, and what comes back."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from collector.spool.fair_order import in_turn

if TYPE_CHECKING:
    from collections.abc import Collection

    from collector.pipeline.worker import Rows
    from collector.pipeline.workers import WorkerPool
    from collector.spool.spool import Spool, Waiting

log = logging.getLogger(__name__)

_TAKE: Final = 64  # requests held at a time
_TAKE_BYTES: Final = 32 * 2**20
_WAIT: Final = 0.05  # seconds between looks for answers


class Ready(Protocol):
    """Where rows wait to be stored."""

    @property
    def requests(self) -> Collection[int]:
        """The requests whose rows wait."""

    def add(self, rows: Rows) -> None:
        """Take the rows of a request."""


class Dispatcher:
    """Takes requests from the spool, hands them to the workers, and puts their rows into `ready`.

    One a spool; not for several threads.
    """

    def __init__(self, spool: Spool, pool: WorkerPool, ready: Ready) -> None:
        self._spool = spool
        self._pool = pool
        self._ready = ready
        self._asked: dict[int, str] = {}  # requests at the workers, and their keys
        self._held: list[Waiting] = []  # taken, and their worker has enough to do

    @property
    def busy(self) -> bool:
        """Whether a request is at the workers."""
        return bool(self._pool.in_flight)

    def hand_out(self) -> None:
        """Give the workers what they have room for; the keys take turns, those with the least work at hand first."""
        self._top_up()
        if self._pool.full:
            return
        held = {request.id: request for request in self._held}
        by_key: dict[str, list[int]] = {}
        for request in self._held:
            by_key.setdefault(request.key_name, []).append(request.id)
        queues = {key_name: iter(sorted(ids)) for key_name, ids in by_key.items()}
        for request_id in in_turn(queues, Counter(self._asked.values())):
            if self._ask(held[request_id]):
                del held[request_id]
        self._held = list(held.values())

    def collect(self) -> int:
        """Put the rows that have come back into `ready`; return how many requests were answered."""
        answers = self._answers(_WAIT if self.busy else 0)
        for rows in answers:
            self._collect(rows)
        return len(answers)

    def ask_all(self, requests: list[Waiting]) -> list[Rows]:
        """Return the answers to these requests, errors too, once all have come; others go the usual way."""
        wanted = {request.id for request in requests}
        found: list[Rows] = []
        while len(found) < len(wanted):
            requests = [request for request in requests if not self._ask(request)]
            for rows in self._answers(_WAIT):
                if rows.request_id in wanted:
                    found.append(rows)
                else:
                    self._collect(rows)
        return found

    def fail(self, request_id: int, error: str) -> None:
        """Count a failed attempt at the request; the last one sets it aside. Raises SpoolError."""
        if self._spool.failed(request_id, error):
            log.error("request %d failed too often (%s) and is quarantined", request_id, error)

    def _top_up(self) -> None:
        """Take as many requests as there is room for, first of the keys that have the fewest here already."""
        room = _TAKE - len(self._held)
        room_bytes = _TAKE_BYTES - sum(len(request.body) for request in self._held)
        if room <= 0 or room_bytes <= 0:
            return
        at_work = Counter(self._asked.values()) + Counter(request.key_name for request in self._held)
        known = {*self._pool.in_flight, *self._ready.requests, *(request.id for request in self._held)}
        self._held += self._spool.take(room, room_bytes, known, at_work)

    def _ask(self, request: Waiting) -> bool:
        if not self._pool.ask(request):
            return False
        self._asked[request.id] = request.key_name
        return True

    def _answers(self, timeout: float) -> list[Rows]:
        answers = self._pool.answers(timeout)
        for rows in answers:
            self._asked.pop(rows.request_id, None)
        return answers

    def _collect(self, rows: Rows) -> None:
        if rows.error:
            self.fail(rows.request_id, rows.error)
        else:
            self._ready.add(rows)
