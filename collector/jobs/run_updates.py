"""Keeps the table `runs` current: recomputes runs with new rows, and closes silent ones."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from collector.jobs.schedule import Job
from schema.runs.closing import close_silent
from schema.runs.recompute import stale_traces
from schema.runs.refresh import refresh_runs
from schema.store.bulk_update import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from schema.policy.policy import Policy
    from schema.store.store import Store

_PAUSE: Final = 0.5  # seconds between two passes under load, at least ...
_PAUSE_SHARE: Final = 8  # ... this many times the duration of the last pass: many runs cost hardly more than few ...
_LONGEST_PAUSE: Final = 2.0  # ... and at most


class RunUpdates(Job):
    """Recomputes the runs with new rows. If the store refuses that, storing spans goes on."""

    failure = "runs are not up to date"
    every = 0.0  # as soon as a run is touched, but see `_pause`
    retry = 30.0

    def __init__(self, store: Store, policy: Callable[[], Policy]) -> None:
        super().__init__()
        self._store = store
        self._policy = policy
        self._touched: set[str] = set()
        self._pause = _PAUSE
        self._caught_up = False

    @property
    def caught_up(self) -> bool:
        """Whether the runs that an earlier process left stale have been found."""
        return self._caught_up

    @property
    def up_to_date(self) -> bool:
        """Whether every run agrees with its spans."""
        return self._caught_up and not self._touched

    def touch(self, trace_ids: Iterable[str]) -> None:
        """Record that rows of these traces were stored."""
        self._touched.update(set(trace_ids) - {""})

    def look_again(self) -> None:
        """In the next pass, search for runs that an earlier process or an interrupted batch left stale."""
        self._caught_up = False

    def is_due(self, *, busy: bool) -> bool:
        """Whether a run waits. Under load, passes are spaced so that they take only a share of the store's time."""
        return not self.up_to_date and time.monotonic() >= self._next_at + (self._pause if busy else 0)

    def _work(self) -> None:
        began = time.monotonic()
        if not self._caught_up:
            sweep(self._store)
            self._touched.update(stale_traces(self._store))
            self._caught_up = True
        refresh_runs(self._store, self._touched, self._policy())
        self._touched.clear()
        self._next_at = time.monotonic()
        self._pause = min(_LONGEST_PAUSE, max(_PAUSE, _PAUSE_SHARE * (self._next_at - began)))


class SilentRuns(Job):
    """Closes runs without new rows for the time in the policy, after `updates` has caught up."""

    failure = "silent runs are not closed"
    every = 15.0
    retry = 15.0

    def __init__(self, store: Store, policy: Callable[[], Policy], updates: RunUpdates) -> None:
        super().__init__()
        self._store = store
        self._policy = policy
        self._updates = updates

    def is_due(self, *, busy: bool) -> bool:
        """Whether it is time for the job and `updates` has caught up."""
        return self._updates.caught_up and super().is_due(busy=busy)

    def _work(self) -> None:
        close_silent(self._store, timedelta(minutes=self._policy().runs.closed_after_minutes))
