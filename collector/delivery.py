"""The one consumer of the spool: requests to the workers, their rows into the store, runs brought up to date."""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from collector.exporters.batch import Block
from collector.exporters.disk_reserve import DiskReserve
from collector.exporters.missing_rows import without_stored
from collector.jobs.ledger_copy import LedgerCopy
from collector.jobs.spool_audit import close_abandoned
from collector.spool.fair_order import in_turn
from collector.spool.figures import ServerFigures, note
from collector.spool.spool import SpoolError
from schema.queries.holdings import TABLES, holdings
from schema.runs.closing import close_silent
from schema.runs.recompute import stale_traces
from schema.runs.refresh import bring_up_to_date
from schema.store.bulk_update import sweep
from schema.store.errors import QueryFailedError, StoreError

if TYPE_CHECKING:
    import threading

    from collector.pipeline.worker import Rows
    from collector.pipeline.workers import WorkerPool
    from collector.spool.place import Identity
    from collector.spool.spool import Spool, Waiting
    from schema.policy.policy import Policy
    from schema.store.store import Store

log = logging.getLogger(__name__)

_IDLE: Final = 0.05  # seconds between looks at an empty spool
_RUNS_EVERY: Final = 0.5  # seconds between passes over the touched runs under load, at least ...
_RUNS_SHARE: Final = 8  # ... this many times what the last one took: many runs cost hardly more than few ...
_RUNS_LATEST: Final = 2.0  # ... and at most
_RUNS_RETRY: Final = 30.0
_CLOSE_EVERY: Final = 15.0  # seconds between looks for runs of which no more is expected
_TAKE: Final = 64  # requests looked at a time
_TAKE_BYTES: Final = 32 * 2**20
_RETRY: Final = 1.0  # seconds between attempts at a store that does not answer
_COUNT_EVERY: Final = 2.0  # seconds between copies of the ledger
_COMPARE_EVERY: Final = 300.0  # seconds between looks whether the store holds what was stored


class Writer:
    """Moves requests from the spool to the store. One a spool; not for several threads."""

    def __init__(
        self, spool: Spool, store: Store, pool: WorkerPool, policy: Policy, *, disk_reserve_bytes: int = 0
    ) -> None:
        self._disk = DiskReserve(store, disk_reserve_bytes)
        self._spool = spool
        self._store = store
        self._pool = pool
        self._policy = policy
        self._ledger = LedgerCopy(spool, store)
        self._figures = ServerFigures()
        self._noted = ServerFigures()
        self._count_at = 0.0
        self._compare_at = 0.0
        self._lacking: set[str] = set()
        self._asked: dict[int, str] = {}  # requests at the workers, and their keys
        self._held: list[Waiting] = []  # taken, and their worker has enough to do
        self._ready = Block()
        self._touched: set[str] = set()
        self._runs_at = 0.0
        self._runs_pause = _RUNS_EVERY
        self._close_at = 0.0
        self._caught_up = False  # whether runs that an earlier process left behind are known
        self._identity: Identity | None = None  # of the spool's file that is settled
        self._settled = False  # whether every batch that was begun is known to be finished
        self.waits_for_store = False
        """Whether the store, or the disk that it lies on, takes nothing now; what comes waits in the spool."""

    def take_over(self, policy: Policy) -> None:
        """Let another policy hold from the next step on."""
        self._policy = policy

    @property
    def ready(self) -> bool:
        """Whether a request would be stored at once: what was interrupted is settled and the workers are warm."""
        return self._settled and self._pool.warm

    @property
    def worker_restarts(self) -> int:
        """How many workers were started in place of one that ended."""
        return self._pool.restarts

    @property
    def runs_up_to_date(self) -> bool:
        """Whether the row of each run says what its stored spans say; it follows them within seconds."""
        return self._caught_up and not self._touched

    @property
    def behind(self) -> bool:
        """Whether the spool has another file than the one of which all batches are finished."""
        return self._identity != self._spool.identity()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. What is not finished then stays in the spool."""
        while not stop.is_set():
            try:
                self.waits_for_store = self._disk.is_low()
                if self.waits_for_store:
                    stop.wait(_RETRY)
                    continue
                if not self._settled or self.behind:
                    self.recover()
                    self._settled = True
                if not self.step():
                    stop.wait(_IDLE)
            except (StoreError, SpoolError) as error:
                self._settled = False
                self.waits_for_store = isinstance(error, StoreError)
                log.warning("storing stops for a moment: %s", error)
                stop.wait(_RETRY)
        with suppress(StoreError, SpoolError):  # what is not copied now is copied after the next start
            self._count()

    def drain(self) -> None:
        """Work until nothing waits. Raises StoreError or SpoolError."""
        self.recover()
        while self.step() or self._spool.counts().waiting_requests:
            pass
        self._count()

    def step(self) -> bool:
        """Do what there is to do now; return False if that was nothing."""
        self._hand_out()
        answers = self._answers(_IDLE if self._pool.in_flight else 0)
        for rows in answers:
            self._collect(rows)
        if self._ready.is_due(alone=not self._pool.in_flight):
            self._store_ready()
        behind = self._touched or not self._caught_up
        if behind and time.monotonic() >= self._runs_at + (self._runs_pause if self._pool.in_flight else 0):
            self._update_runs()
        if self._caught_up and time.monotonic() >= self._close_at:
            self._close_runs()
        if time.monotonic() >= self._count_at:
            self._count()
        return bool(answers or self._pool.in_flight)

    def recover(self) -> None:
        """Finish what was begun and interrupted: batches that the store may hold in whole, in part or not at all."""
        self._identity = self._spool.identity()
        self._ledger.audit()
        if not self._caught_up:
            close_abandoned(self._spool, self._store)
        while unfinished := self._spool.unfinished():
            for batch, requests in unfinished.items():
                log.info("finishing a batch of %d requests that was interrupted", len(requests))
                unredacted = self._finish(batch, requests)
                if unredacted is not None:
                    self._spool.done(batch, unredacted)
        self._caught_up = False
        self._update_runs()

    def _finish(self, batch: str, requests: list[Waiting]) -> dict[int, int] | None:
        """Insert what is missing; return None if a request failed and was counted so.

        Otherwise the rows of each request of which a text could not be redacted.
        """
        answers = self._ask_all(requests)
        failed = {rows.request_id: rows.error for rows in answers if rows.error}
        for signal, name in TABLES.items():
            parts = [rows for rows in answers if rows.signal == signal and not rows.error]
            try:
                # Under the token of before: a slow server may be about to store the same rows.
                self._insert_missing(name, parts, token=f"{batch}-{name}")
                # Under another: a server that was killed may remember the token and not have the rows.
                self._insert_missing(name, parts, token=f"{batch}-{name}-{time.time_ns()}")
            except QueryFailedError:
                failed |= self._refused(name, parts)
        for request_id, error in failed.items():
            self._fail(request_id, error)
        return None if failed else {rows.request_id: rows.unredacted for rows in answers if rows.unredacted}

    def _refused(self, name: str, parts: list[Rows]) -> dict[int, str]:
        """Insert request by request; return those whose rows the store refuses.

        Where it takes no rows at all, be it for want of a grant, that is no fault of theirs: raises StoreError.
        """
        self._store.command(f"INSERT INTO {name} SELECT * FROM {name} LIMIT 0")  # noqa: S608 - one of TABLES
        refused = {}
        for rows in parts:
            missing = without_stored(self._store, name, rows.table())  # no fault of theirs if this is refused
            try:
                self._insert(name, missing, token=f"{rows.request_id}-{time.time_ns()}")
            except QueryFailedError:
                refused[rows.request_id] = "the store refused its rows"
        return refused

    def _insert_missing(self, name: str, parts: list[Rows], *, token: str) -> None:
        if parts:
            rows = pa.concat_tables([part.table() for part in parts])
            self._insert(name, without_stored(self._store, name, rows), token=token)

    def _hand_out(self) -> None:
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

    def _ask_all(self, requests: list[Waiting]) -> list[Rows]:
        wanted = {request.id for request in requests}
        found: list[Rows] = []
        while len(found) < len(wanted):
            requests = [request for request in requests if not self._ask(request)]
            for rows in self._answers(_IDLE):
                if rows.request_id in wanted:
                    found.append(rows)
                else:
                    self._collect(rows)
        return found

    def _collect(self, rows: Rows) -> None:
        if rows.error:
            self._fail(rows.request_id, rows.error)
        else:
            self._ready.add(rows)

    def _fail(self, request_id: int, error: str) -> None:
        if self._spool.failed(request_id, error):
            log.error("request %d failed too often (%s) and is quarantined", request_id, error)

    def _store_ready(self) -> None:
        """Insert what is ready, as one block a table, and let the spool forget it.

        If this stops half-way, `recover` finishes the batch from the spool.
        """
        batch = uuid.uuid4().hex
        joined = self._spool.assign(self._ready.requests, batch)
        taken = self._ready.taken()
        ready = [rows for rows in taken if rows.request_id in joined]
        if len(ready) < len(taken):  # they went with the spool's damage: the audit counts them, and says so
            log.warning("%d requests of a block are gone from the spool", len(taken) - len(ready))
        for signal, name in TABLES.items():
            parts = [rows.table() for rows in ready if rows.signal == signal]
            if parts:
                self._insert(name, pa.concat_tables(parts), token=f"{batch}-{name}")
        self._spool.done(batch, {rows.request_id: rows.unredacted for rows in ready if rows.unredacted})

    def _insert(self, name: str, table: pa.Table, *, token: str) -> None:
        if table.num_rows:
            began = time.monotonic()
            # As one block: a token counts for a block, and another try must be cut up in the same way.
            self._store.insert(name, table.combine_chunks(), token=token)
            self._figures = self._figures.inserted(time.monotonic() - began, at=time.time())
            if name in {"spans", "logs"}:
                self._touched.update(set(table.column("trace_id").to_pylist()) - {""})

    def _update_runs(self) -> None:
        """Bring the touched runs up to date; if the store refuses that, spans are stored all the same."""
        began = time.monotonic()
        try:
            if not self._caught_up:
                sweep(self._store)
                self._touched.update(stale_traces(self._store))
                self._caught_up = True
            bring_up_to_date(self._store, self._touched, self._policy)
        except QueryFailedError as error:
            log.error("runs are not up to date, next attempt in %d s: %s", _RUNS_RETRY, error)  # noqa: TRY400
            self._runs_at = time.monotonic() + _RUNS_RETRY
        else:
            self._touched.clear()
            self._runs_at = time.monotonic()
            self._runs_pause = min(_RUNS_LATEST, max(_RUNS_EVERY, _RUNS_SHARE * (self._runs_at - began)))

    def _close_runs(self) -> None:
        """Close the runs that have been silent for as long as the policy says."""
        self._close_at = time.monotonic() + _CLOSE_EVERY
        try:
            close_silent(self._store, timedelta(minutes=self._policy.runs.closed_after_minutes))
        except QueryFailedError as error:
            log.error("silent runs are not closed, next attempt in %d s: %s", _CLOSE_EVERY, error)  # noqa: TRY400

    def _count(self) -> None:
        """Copy the ledger into the store, and leave the house's own figures where the door can show them."""
        self._count_at = time.monotonic() + _COUNT_EVERY
        self._figures = self._figures.after(restarts=self._pool.restarts)
        if self._figures != self._noted:
            note(self._spool, self._figures)
            self._noted = self._figures
        try:
            self._ledger.copy()
            if time.monotonic() >= self._compare_at:
                self._compare_at = time.monotonic() + _COMPARE_EVERY
                self._compare()
        except QueryFailedError as error:
            log.error("the ledger is not copied, next attempt in %d s: %s", _RUNS_RETRY, error)  # noqa: TRY400
            self._count_at = time.monotonic() + _RUNS_RETRY

    def _compare(self) -> None:
        """Look whether the store holds what was stored; what it lacks is said in the log once, and in the metrics."""
        found = holdings(self._store)
        for sentence in set(found.sentences) - self._lacking:
            log.error("%s", sentence)
        self._lacking = set(found.sentences)
        self._figures = self._figures.lacking(sum(gone.rows for gone in found.vanished))
