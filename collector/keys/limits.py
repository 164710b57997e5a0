"""Limits of each ingest key: spans a second with a burst, and MiB a UTC day. Each receiver counts for itself."""

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
    """The key's rate or daily volume is used up for now."""


class Charge:
    """The charge of one request. It is refunded unless `kept` is set: the request is on disk and no duplicate."""

    kept = False


class SenderLimits:
    """Usage of each ingest key, by key name; safe to use from threads.

    The day's volume is saved in the file at `path`, at most once a second; a kill loses the usage since the last save.
    Rates are not saved.
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
        self._balances: dict[str, tuple[float, float]] = {}  # spans left (negative: a debt), and at what time
        self._day, self._used = self._load()
        self._saved_at = -math.inf
        self._saving_failed = False

    @contextlib.contextmanager
    def charged(self, key: IngestKey, spans: int, size: int) -> Iterator[Charge]:
        """Charge a request of `size` decompressed bytes while it is written to disk. Raises OverLimitError."""
        charge = Charge()
        with self._lock:
            self._check_rate(key)
            self._check_volume(key, size)
            self._count(key, spans, size)
        try:
            yield charge
        finally:
            if not charge.kept:
                with self._lock:
                    self._count(key, -spans, -size)

    def close(self) -> None:
        """Save the volume of the day."""
        with self._lock:
            self._save()

    def _check_rate(self, key: IngestKey) -> None:
        """Refuse while the balance is used up. A request of any size is accepted, and leaves a debt."""
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
            saved = json.loads(self._path.read_text(encoding="utf-8"))
            return str(saved["day"]), {str(name): int(used) for name, used in saved["bytes"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s cannot be read: today's volume counts from 0", self._path)
            return today, {}

    def _save(self) -> None:
        """Replace the file in one step. If the disk fails, counting goes on in memory."""
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
                log.warning("today's volume cannot be written to %s: %s", self._path, error.strerror)
            self._saving_failed = True
        else:
            self._saving_failed = False


def _day_of(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).date().isoformat()
