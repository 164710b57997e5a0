"""Counts refused requests for the ledger. It does not import the store, so that the receiver need not load it."""

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
    from collections.abc import Iterator, Mapping

    from collector.spool.spool import Signal, Spool

_FLUSH_SECONDS: Final = 1.0


def reason_of(error: Exception) -> str:
    """Return the reason under which a refusal is counted: `bad_request` for BadRequestError."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()


@dataclass(slots=True)
class Sender:
    """The sender of a request; `key_name` is empty until the request is authenticated."""

    key_name: str = ""


class RefusalCounter:
    """Counts refusals in memory and writes them into the spool once a second, in a thread of its own.

    A kill loses the counts of the last second. No acknowledged request is lost by that.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, Signal, int, str, bool]] = Counter()
        self._spans: Counter[tuple[str, Signal, int, str, bool]] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refusals", daemon=True)
        self._thread.start()

    def refused(
        self, key_name: str, signal: Signal, reason: str, spans: int | None = None, *, requests: int = 1
    ) -> None:
        """Count one refused request. `key_name` is empty if unknown, `spans` None if the request was not decoded.

        `requests` is 0 for further spans of a request that is counted already.
        """
        slot = (key_name, signal, time.time_ns() // MINUTE_NS, reason, spans is None)
        with self._lock:
            self._requests[slot] += requests
            self._spans[slot] += spans or 0

    def count_empty(self, key_name: str, signal: Signal, rejected: Mapping[str, int]) -> None:
        """Count a request that was answered with success but is not stored, because it has no valid items.

        `rejected` counts its items by reason; the request itself counts under the first of them.
        """
        for number, (reason, spans) in enumerate(rejected.items() or (("empty", 0),)):
            self.refused(key_name, signal, reason, spans, requests=0 if number else 1)

    @contextlib.contextmanager
    def request(self, signal: Signal) -> Iterator[Sender]:
        """Count the request if the block raises, under the key name that the block sets in the sender."""
        sender = Sender()
        try:
            yield sender
        except Exception as error:
            self.refused(sender.key_name, signal, reason_of(error) if isinstance(error, RefusedError) else "internal")
            raise

    def flush(self) -> None:
        """Write the counts into the spool. Raises SpoolError and keeps them for the next time."""
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
        """Write the remaining counts and end the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._stop.wait(_FLUSH_SECONDS)
            # If the spool fails, every request reports it, and the counts are kept.
            with contextlib.suppress(SpoolError):
                self.flush()
