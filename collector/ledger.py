"""The ledger outside the spool's file: refusals counted by the door, and the copy in the store that everyone reads.

What it counts and what must add up is in docs/schema.md; the counting itself is in collector/spool/schema.py.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from collector.audit import audit
from collector.receivers.refusals import RefusedError
from collector.spool import ledger as spool_ledger
from collector.spool.file import SpoolError, snapshot, transaction
from collector.spool.ledger import Refused
from collector.spool.schema import MINUTE_NS
from collector.spool.tally import KEPT_MINUTES
from schema.queries.ledger import LEDGER_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.audit import Audit
    from collector.spool.ledger import Entry
    from collector.spool.place import Identity
    from collector.spool.spool import Signal, Spool
    from schema.store import Store

log = logging.getLogger(__name__)

_FLUSH_SECONDS: Final = 1.0
_COPIED_AT_ONCE: Final = 5_000
_FORGET_SECONDS: Final = 600.0


def reason_of(error: Exception) -> str:
    """Return the name under which a refusal is counted: BadRequestError is `bad_request`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()


@dataclass(slots=True)
class Sender:
    """Who sent a request, as soon as that is known."""

    key_name: str = ""


class RefusalCounter:
    """Counts refusals in memory and writes them into the spool once a second, in a thread of its own.

    A kill loses the refusals of the last second; they were answered as refused, so nothing that was promised is lost.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, Signal, int, str, bool]] = Counter()
        self._spans: Counter[tuple[str, Signal, int, str, bool]] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refusals", daemon=True)
        self._thread.start()

    def refused(self, key_name: str, signal: Signal, reason: str, spans: int | None = None) -> None:
        """Count one refused request; `key_name` is empty where nobody knows it, `spans` None where nobody counted."""
        slot = (key_name, signal, time.time_ns() // MINUTE_NS, reason, spans is None)
        with self._lock:
            self._requests[slot] += 1
            self._spans[slot] += spans or 0

    def nothing_in(self, key_name: str, signal: Signal, rejected_spans: int) -> None:
        """Count a request that was answered with success and of which nothing is kept."""
        self.refused(key_name, signal, spool_ledger.INVALID_IDS if rejected_spans else "empty", rejected_spans)

    @contextlib.contextmanager
    def request(self, signal: Signal) -> Iterator[Sender]:
        """Count the request that the block answers if it raises, under the key that the block finds out."""
        sender = Sender()
        try:
            yield sender
        except Exception as error:
            self.refused(sender.key_name, signal, reason_of(error) if isinstance(error, RefusedError) else "internal")
            raise

    def flush(self) -> None:
        """Write what was counted. Raises SpoolError; then it is kept for the next time."""
        with self._lock:
            requests, self._requests = self._requests, Counter()
            spans, self._spans = self._spans, Counter()
        if not requests:
            return
        refusals = [
            Refused(*slot[:4], requests=count, spans=spans[slot], uncounted_requests=count if slot[4] else 0)
            for slot, count in requests.items()
        ]
        try:
            with self._spool.opened() as connection, transaction(connection):
                spool_ledger.count_refused(connection, refusals)
        except SpoolError:
            with self._lock:
                self._requests += requests
                self._spans += spans
            raise

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._stop.wait(_FLUSH_SECONDS)
            # A spool that refuses says so to every request, and the counts are kept.
            with contextlib.suppress(SpoolError):
                self.flush()


class LedgerCopy:
    """Brings the ledger of one spool into the store; safe to use from threads."""

    def __init__(self, spool: Spool, store: Store) -> None:
        self._spool = spool
        self._store = store
        self._lock = threading.Lock()
        self._forget_at = 0.0
        self._audited: Identity | None = None

    def audit(self) -> Audit:
        """Set the spool's ledger right where its file lost something. Raises SpoolError or StoreError."""
        with self._lock:
            return self._audit()

    def copy(self) -> int:
        """Copy the entries that changed; return how many. Raises SpoolError or StoreError."""
        copied = 0
        with self._lock:
            if self._audited != self._spool.identity():  # a copy of a damaged ledger would replace what is known
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
        found = audit(self._spool, self._store)
        self._audited = identity
        return found

    def _copy_some(self) -> list[Entry]:
        with self._spool.opened() as connection, snapshot(connection):  # one moment for all of them
            collector = spool_ledger.collector_id(connection)
            entries = spool_ledger.changed(connection, _COPIED_AT_ONCE)
        if entries:
            self._store.insert("ledger", _batch(collector, entries), token=uuid.uuid4().hex)
            with self._spool.opened() as connection, transaction(connection):
                spool_ledger.mark_copied(connection, entries)
        return entries


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
