"""How much each sender may send: spans a second with a burst, and MiB a UTC day. One receiver's own count."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector.otlp.refusals import TryAgainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schema.policy.policy import IngestKey

log = logging.getLogger(__name__)

_MIB = 1 << 20
_DAY = 86_400
_SAVE_EVERY_SECONDS = 1.0


class OverLimitError(TryAgainError):
    """The sender has used up what its key allows for now."""


class Charge:
    """What one request counts; it is given back unless the request is on disk and new."""

    stands = False


class SenderLimits:
    """What senders have used, by the name of their keys; for several threads.

    The volume of the day is kept in the file at `path`, written at most once a second: a killed receiver forgets what
    came since then. Rates are not kept.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._monotonic = monotonic
        self._clock = clock
        self._lock = threading.Lock()
        self._balances: dict[str, tuple[float, float]] = {}  # spans left, which may be a debt, and when that was
        self._day, self._used = self._load()
        self._saved_at = -math.inf
        self._saving_failed = False

    @contextlib.contextmanager
    def charged(self, key: IngestKey, spans: int, size: int) -> Iterator[Charge]:
        """Count a request of `size` decompressed bytes while it is put on disk. Raises OverLimitError."""
        charge = Charge()
        with self._lock:
            self._check_rate(key)
            self._check_volume(key, size)
            self._count(key, spans, size)
        try:
            yield charge
        finally:
            if not charge.stands:
                with self._lock:
                    self._count(key, -spans, -size)

    def close(self) -> None:
        """Write the volume of the day down."""
        with self._lock:
            self._save()

    def _check_rate(self, key: IngestKey) -> None:
        """Refuse while the sender is in debt; a request is never too large, it is paid off afterwards."""
        rate = key.spans_per_second
        if not rate:
            return
        now = self._monotonic()
        balance, since = self._balances.get(key.name, (key.burst, now))
        balance = min(float(key.burst), balance + (now - since) * rate)
        self._balances[key.name] = balance, now
        if balance <= 0:
            raise OverLimitError(
                f"The key {key.name} may send {rate} spans a second and {key.burst} at once: that is used up.",
                retry_after_seconds=max(1, math.ceil(-balance / rate)),
            )

    def _check_volume(self, key: IngestKey, size: int) -> None:
        if not key.mib_per_day:
            return
        now = self._clock()
        today = _day_of(now)
        if today != self._day:
            self._day, self._used = today, {}
        if self._used.get(key.name, 0) + size > key.mib_per_day * _MIB:
            raise OverLimitError(
                f"The key {key.name} may send {key.mib_per_day} MiB a day, and this is more. The day ends at 0:00 UTC.",
                retry_after_seconds=math.ceil(_DAY - now % _DAY),
            )

    def _count(self, key: IngestKey, spans: int, size: int) -> None:
        if key.spans_per_second:
            balance, since = self._balances[key.name]
            self._balances[key.name] = balance - spans, since
        if key.mib_per_day:
            self._used[key.name] = max(0, self._used.get(key.name, 0) + size)
            if self._monotonic() - self._saved_at >= _SAVE_EVERY_SECONDS:
                self._save()

    def _load(self) -> tuple[str, dict[str, int]]:
        today = _day_of(self._clock())
        if self._path is None or not self._path.exists():
            return today, {}
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return str(kept["day"]), {str(name): int(used) for name, used in kept["bytes"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s cannot be read: the volume of today counts from 0", self._path)
            return today, {}

    def _save(self) -> None:
        """Write the file in one step. Where the disk refuses, the count goes on in memory."""
        self._saved_at = self._monotonic()
        if self._path is None or not self._used:
            return
        new = self._path.with_suffix(".new")
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"day": self._day, "bytes": self._used}, file)
            new.replace(self._path)
        except OSError as error:
            if not self._saving_failed:
                log.warning("the volume of today is not written to %s: %s", self._path, error.strerror)
            self._saving_failed = True
        else:
            self._saving_failed = False


def _day_of(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).date().isoformat()
