"""The loop from the spool to the store: requests to the workers, their rows to the exporter, then jobs."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from collector.exporters.batch import Block
from collector.exporters.clickhouse import ClickHouseExporter
from collector.exporters.disk_reserve import DiskReserve
from collector.jobs.ledger_copy import LedgerUpdates
from collector.jobs.run_updates import RunUpdates, SilentRuns
from collector.jobs.schedule import Job, run_due
from collector.jobs.spool_audit import close_abandoned
from collector.pipeline.dispatcher import Dispatcher
from collector.spool.spool import SpoolError
from schema.store.errors import StoreError

if TYPE_CHECKING:
    import threading

    import pyarrow as pa

    from collector.exporters.exporter import Exporter
    from collector.pipeline.workers import WorkerPool
    from collector.spool.place import Identity
    from collector.spool.spool import Spool
    from schema.policy.policy import Policy
    from schema.store.store import Store

log = logging.getLogger(__name__)

_IDLE: Final = 0.05  # seconds between looks at an empty spool
_RETRY: Final = 1.0  # seconds between attempts at a store that does not answer


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
        self._ready = Block()
        self._dispatcher = Dispatcher(spool, pool, self._ready)
        self._exporter: Exporter = ClickHouseExporter(spool, store, self._dispatcher, self._inserted)
        self._runs = RunUpdates(store, lambda: self._policy)
        self._ledger = LedgerUpdates(spool, store, lambda: pool.restarts)
        self._jobs: tuple[Job, ...] = (self._runs, SilentRuns(store, lambda: self._policy, self._runs), self._ledger)
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
        return self._runs.up_to_date

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
            self._ledger.run()

    def drain(self) -> None:
        """Work until nothing waits. Raises StoreError or SpoolError."""
        self.recover()
        while self.step() or self._spool.counts().waiting_requests:
            pass
        self._ledger.run()

    def step(self) -> bool:
        """Do what there is to do now; return False if that was nothing."""
        self._dispatcher.hand_out()
        answered = self._dispatcher.collect()
        if self._ready.is_due(alone=not self._dispatcher.busy):
            self._exporter.export(self._ready)
        run_due(self._jobs, busy=self._dispatcher.busy)
        return bool(answered or self._dispatcher.busy)

    def recover(self) -> None:
        """Finish what was begun and interrupted, and find the runs that it left behind."""
        self._identity = self._spool.identity()
        self._ledger.audit()
        if not self._runs.caught_up:
            close_abandoned(self._spool, self._store)
        self._exporter.recover()
        self._runs.look_again()
        self._runs.run()

    def _inserted(self, name: str, rows: pa.Table, seconds: float) -> None:
        """Note what an insert means for jobs. The spool still has the requests: no run is missed in between."""
        self._ledger.inserted(seconds)
        if name in {"spans", "logs"}:
            self._runs.touch(rows.column("trace_id").to_pylist())
