"""Health of the workers, as the operating system reports it: a stopped or blocked process uses no CPU."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collector.pipeline.workers import WorkerPool

PATIENCE_SECONDS: Final = 10.0
"""How long a problem must last; replacing a dead worker, with its model, takes less."""

_STOPPED: Final = frozenset("TtZX")  # states of proc(5): stopped, traced, a zombie, dead


class WorkerHealth:
    """Checks the worker processes of this process. Long work is no problem; no progress is."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._ticks = 0
        self._seen = ""
        self._since = 0.0

    def problem(self) -> str:
        """Return the problem that has lasted for PATIENCE_SECONDS, empty if there is none."""
        now = self._check()
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        return self._seen if time.monotonic() - self._since >= PATIENCE_SECONDS else ""

    def _check(self) -> str:
        before = self._ticks
        states = [_state(child.pid) for child in multiprocessing.active_children() if child.name == "worker"]
        self._ticks = sum(ticks for _, ticks in states)
        if any(state in _STOPPED for state, _ in states):
            return "a worker is stopped"
        if not self._pool.warm:
            return "a worker has not loaded its model"
        if self._pool.unanswered and states and self._ticks == before:
            return "the workers have a request and do not work on it"
        return ""


def _state(pid: int | None) -> tuple[str, int]:
    """Return state and used clock ticks of a process. Without proc(5), the state is empty and the ticks always grow."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "", time.monotonic_ns()
    return fields[0], int(fields[11]) + int(fields[12])
