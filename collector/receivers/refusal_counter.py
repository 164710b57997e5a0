"""Counts what the receiver refuses, for the ledger. It knows nothing of the store, so that the receiver loads none."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.otlp.refusals import RefusedError
from collector.spool import ledger as spool_ledger
from collector.spool.file import SpoolError, transaction
from collector.spool.ledger import Refused
from collector.spool.schema import MINUTE_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.spool.spool import Signal, Spool

_FLUSH_SECONDS: Final = 1.0


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
