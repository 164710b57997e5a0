"""Hands requests from the spool to the workers, ingest keys in turn, and collects the rows."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from collector.spool.fair_order import round_robin

if TYPE_CHECKING:
    from collections.abc import Collection

    from collector.pipeline.worker import Rows
    from collector.pipeline.workers import WorkerPool
    from collector.spool.spool import Spool, Waiting

log = logging.getLogger(__name__)

_TAKE: Final = 64  # requests held at a time
_TAKE_BYTES: Final = 32 * 2**20
_WAIT: Final = 0.05  # seconds to wait for results


class Ready(Protocol):
    """Collects rows that wait to be stored."""

    @property
    def requests(self) -> Collection[int]:
        """Ids of the requests with waiting rows."""

    def add(self, rows: Rows) -> None:
        """Add the rows of a request."""


class Dispatcher:
    """Takes requests from the spool, hands them to the workers, and puts their rows into `ready`.

    One per spool; not safe to use from several threads.
    """

    def __init__(self, spool: Spool, pool: WorkerPool, ready: Ready) -> None:
        self._spool = spool
        self._pool = pool
        self._ready = ready
        self._at_workers: dict[int, str] = {}  # ids of requests at the workers, with their key names
        self._held: list[Waiting] = []  # taken from the spool, but their worker's queue is full

    @property
    def busy(self) -> bool:
        """Whether a request is at the workers."""
        return bool(self._pool.in_flight)

    def hand_out(self) -> None:
        """Fill the workers' queues. Keys take turns, those with the fewest requests at the workers first."""
        self._top_up()
        if self._pool.full:
            return
        held = {request.id: request for request in self._held}
        by_key: dict[str, list[int]] = {}
        for request in self._held:
            by_key.setdefault(request.key_name, []).append(request.id)
        queues = {key_name: iter(sorted(ids)) for key_name, ids in by_key.items()}
        for request_id in round_robin(queues, Counter(self._at_workers.values())):
            if self._submit(held[request_id]):
                del held[request_id]
        self._held = list(held.values())

    def collect(self) -> int:
        """Put finished rows into `ready`; return the number of finished requests."""
        results = self._results(_WAIT if self.busy else 0)
        for rows in results:
            self._collect(rows)
        return len(results)

    def process_all(self, requests: list[Waiting]) -> list[Rows]:
        """Return the results of these requests, errors included, after all have finished.

        Results of other requests go into `ready` meanwhile.
        """
        ids = {request.id for request in requests}
        finished: list[Rows] = []
        while len(finished) < len(ids):
            requests = [request for request in requests if not self._submit(request)]
            for rows in self._results(_WAIT):
                if rows.request_id in ids:
                    finished.append(rows)
                else:
                    self._collect(rows)
        return finished

    def fail(self, request_id: int, error: str) -> None:
        """Count a failed attempt at the request; the last attempt quarantines it. Raises SpoolError."""
        if self._spool.failed(request_id, error):
            log.error("request %d failed too often (%s) and is quarantined", request_id, error)

    def _top_up(self) -> None:
        """Take as many requests as fit, from the keys with the fewest requests here first."""
        room = _TAKE - len(self._held)
        room_bytes = _TAKE_BYTES - sum(len(request.body) for request in self._held)
        if room <= 0 or room_bytes <= 0:
            return
        at_work = Counter(self._at_workers.values()) + Counter(request.key_name for request in self._held)
        known = {*self._pool.in_flight, *self._ready.requests, *(request.id for request in self._held)}
        self._held += self._spool.take(room, room_bytes, known, at_work)

    def _submit(self, request: Waiting) -> bool:
        if not self._pool.submit(request):
            return False
        self._at_workers[request.id] = request.key_name
        return True

    def _results(self, timeout: float) -> list[Rows]:
        results = self._pool.results(timeout)
        for rows in results:
            self._at_workers.pop(rows.request_id, None)
        return results

    def _collect(self, rows: Rows) -> None:
        if rows.error:
            self.fail(rows.request_id, rows.error)
        else:
            self._ready.add(rows)
