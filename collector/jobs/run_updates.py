"""Runs follow their spans: those that were touched are brought up to date, silent ones are closed."""

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

_PAUSE: Final = 0.5  # seconds between passes over the touched runs under load, at least ...
_PAUSE_SHARE: Final = 8  # ... this many times what the last one took: many runs cost hardly more than few ...
_LONGEST_PAUSE: Final = 2.0  # ... and at most


class RunUpdates(Job):
    """Brings the touched runs up to date; if the store refuses that, spans are stored all the same."""

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
        """Whether runs that an earlier process left behind are known."""
        return self._caught_up

    @property
    def up_to_date(self) -> bool:
        """Whether no run is known to be behind its spans, and none can be that is not known."""
        return self._caught_up and not self._touched

    def touch(self, trace_ids: Iterable[str]) -> None:
        """Note that something of these traces was stored."""
        self._touched.update(set(trace_ids) - {""})

    def look_again(self) -> None:
        """Look at the next pass for runs that an earlier process, or an interrupted batch, left behind."""
        self._caught_up = False

    def is_due(self, *, busy: bool) -> bool:
        """Whether a run waits; under load a pass waits so that it costs the store a share of its time alone."""
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
    """Closes the runs that have been silent for as long as the policy says, once `updates` has caught up."""

    failure = "silent runs are not closed"
    every = 15.0
    retry = 15.0

    def __init__(self, store: Store, policy: Callable[[], Policy], updates: RunUpdates) -> None:
        super().__init__()
        self._store = store
        self._policy = policy
        self._updates = updates

    def is_due(self, *, busy: bool) -> bool:
        """Whether it is time to look, and the rows of runs can be relied on."""
        return self._updates.caught_up and super().is_due(busy=busy)

    def _work(self) -> None:
        close_silent(self._store, timedelta(minutes=self._policy().runs.closed_after_minutes))
