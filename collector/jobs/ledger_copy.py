"""Copies the spool's ledger into the store, where pages and commands read it.

docs/schema.md describes its counts and what must add up. collector/spool/schema.py counts requests;
collector/receivers/refusal_counter.py counts refusals.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from collector.jobs.schedule import Job
from collector.jobs.spool_audit import audit
from collector.spool import ledger as spool_ledger
from collector.spool.figures import ServerFigures, note
from collector.spool.file import snapshot, transaction
from collector.spool.schema import MINUTE_NS
from collector.spool.tally import KEPT_MINUTES
from schema.ledger_copy import LEDGER_SCHEMA
from schema.queries.holdings import holdings
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.jobs.spool_audit import Audit
    from collector.spool.ledger import Entry
    from collector.spool.place import Identity
    from collector.spool.spool import Spool
    from schema.store.store import Store

log = logging.getLogger(__name__)

_COPIED_AT_ONCE: Final = 5_000
_FORGET_SECONDS: Final = 600.0
_COMPARE_EVERY: Final = 300.0  # seconds between two checks that the store has the rows that the ledger counts


class LedgerCopy:
    """Copies the ledger of one spool into the store; safe to use from threads."""

    def __init__(self, spool: Spool, store: Store) -> None:
        self._spool = spool
        self._store = store
        self._lock = threading.Lock()
        self._forget_at = 0.0
        self._audited: Identity | None = None

    def audit(self) -> Audit:
        """Correct the spool's ledger if its file lost something. Raises SpoolError or StoreError."""
        with self._lock:
            return self._audit()

    def copy(self) -> int:
        """Copy the entries that changed; return their number. Raises SpoolError or StoreError."""
        copied = 0
        with self._lock:
            if self._audited != self._spool.identity():  # a damaged ledger must not replace the good copy
                self._audit()
            while entries := self._copy_some():
                copied += len(entries)
                if len(entries) < _COPIED_AT_ONCE:
                    break
            self._spool.tally.forget()
            if time.monotonic() >= self._forget_at:
                self._forget_at = time.monotonic() + _FORGET_SECONDS
                with self._spool.opened() as connection:
                    before = time.time_ns() // MINUTE_NS - KEPT_MINUTES
                    self._spool.note_counts(connection, spool_ledger.closed(connection, before), forgotten=True)
                    with transaction(connection):
                        spool_ledger.forget(connection, before)
        return copied

    def _audit(self) -> Audit:
        identity = self._spool.identity()
        result = audit(self._spool, self._store)
        self._audited = identity
        return result

    def _copy_some(self) -> list[Entry]:
        with self._spool.opened() as connection, snapshot(connection):  # a consistent view of all entries
            collector = spool_ledger.collector_id(connection)
            entries = spool_ledger.changed(connection, _COPIED_AT_ONCE)
        if entries:
            self._store.insert("ledger", _batch(collector, entries), token=uuid.uuid4().hex)
            with self._spool.opened() as connection, transaction(connection):
                spool_ledger.mark_copied(connection, entries)
        return entries


class LedgerUpdates(Job):
    """Copies the ledger into the store, and passes the server's figures to the receiver for /metrics."""

    failure = "the ledger is not copied"
    every = 2.0
    retry = 30.0

    def __init__(self, spool: Spool, store: Store, restarts: Callable[[], int]) -> None:
        super().__init__()
        self._spool = spool
        self._store = store
        self._restarts = restarts
        self._ledger = LedgerCopy(spool, store)
        self._figures = ServerFigures()
        self._noted = ServerFigures()
        self._compare_at = 0.0
        self._lacking: set[str] = set()

    def audit(self) -> None:
        """Correct the spool's ledger if its file lost something. Raises SpoolError or StoreError."""
        self._ledger.audit()

    def inserted(self, seconds: float) -> None:
        """Record an insert that took `seconds`."""
        self._figures = self._figures.inserted(seconds, at=time.time())

    def _work(self) -> None:
        self._figures = self._figures.after(restarts=self._restarts())
        if self._figures != self._noted:
            note(self._spool, self._figures)
            self._noted = self._figures
        self._ledger.copy()
        if time.monotonic() >= self._compare_at:
            self._compare_at = time.monotonic() + _COMPARE_EVERY
            self._compare()

    def _compare(self) -> None:
        """Check that the store has the rows that the ledger counts. Missing rows appear in the log and the metrics."""
        held = holdings(self._store, EVERYTHING)
        for sentence in set(held.sentences) - self._lacking:
            log.error("%s", sentence)
        self._lacking = set(held.sentences)
        self._figures = self._figures.lacking(sum(gone.rows for gone in held.vanished))


def _batch(collector: str, entries: list[Entry]) -> pa.RecordBatch:
    rows = [
        {
            "collector": collector,
            "entry": entry.id,
            "key_name": entry.key_name,
            "signal": entry.signal,
            "minute": entry.minute * 60,
            **entry.counts,
            "rejected_requests": [item for item in entry.rejected_requests.items() if item[1]],
            "rejected_spans": [item for item in entry.rejected_spans.items() if item[1]],
            "version": entry.version,
        }
        for entry in entries
    ]
    return pa.RecordBatch.from_pylist(rows, schema=LEDGER_SCHEMA)
