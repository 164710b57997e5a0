"""The delivery loop: requests from the spool to the workers, their rows to the exporter, then periodic jobs."""

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

_IDLE: Final = 0.05  # seconds between two checks of an empty spool
_RETRY: Final = 1.0  # seconds between two attempts if the store is not available


class Writer:
    """Moves requests from the spool to the store. One per spool; not safe to use from several threads."""

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
        self._identity: Identity | None = None  # the spool's file at the last recovery
        self._settled = False  # whether every interrupted batch is finished
        self.waits_for_store = False
        """Whether the store is unavailable or its disk is full; requests wait in the spool."""

    def take_over(self, policy: Policy) -> None:
        """Use another policy from the next step on."""
        self._policy = policy

    @property
    def ready(self) -> bool:
        """Whether a request would be stored at once: interrupted batches are finished, the workers are warm."""
        return self._settled and self._pool.warm

    @property
    def worker_restarts(self) -> int:
        """Number of workers that were started to replace a dead one."""
        return self._pool.restarts

    @property
    def runs_up_to_date(self) -> bool:
        """Whether each row of `runs` agrees with its stored spans; it follows them within seconds."""
        return self._runs.up_to_date

    @property
    def behind(self) -> bool:
        """Whether the spool's file was replaced since the last recovery."""
        return self._identity != self._spool.identity()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. Unfinished requests stay in the spool."""
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
        with suppress(StoreError, SpoolError):  # if this fails, the ledger is copied after the next start
            self._ledger.run()

    def drain(self) -> None:
        """Work until the spool has no waiting request. Raises StoreError or SpoolError."""
        self.recover()
        while self.step() or self._spool.counts().waiting_requests:
            pass
        self._ledger.run()

    def step(self) -> bool:
        """Do the work that is due now; return False if there was none."""
        self._dispatcher.hand_out()
        finished = self._dispatcher.collect()
        if self._ready.is_due(alone=not self._dispatcher.busy):
            self._exporter.export(self._ready)
        run_due(self._jobs, busy=self._dispatcher.busy)
        return bool(finished or self._dispatcher.busy)

    def recover(self) -> None:
        """Finish interrupted batches, and recompute the runs that they left stale."""
        self._identity = self._spool.identity()
        self._ledger.audit()
        if not self._runs.caught_up:
            close_abandoned(self._spool, self._store)
        self._exporter.recover()
        self._runs.look_again()
        self._runs.run()

    def _inserted(self, name: str, rows: pa.Table, seconds: float) -> None:
        """Tell the jobs about an insert. The spool still has the requests, so no run is missed after a crash."""
        self._ledger.inserted(seconds)
        if name in {"spans", "logs"}:
            self._runs.touch(rows.column("trace_id").to_pylist())
