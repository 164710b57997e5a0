"""Whether the workers answer, seen from outside: a process that is stopped or hangs uses no CPU."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collector.pipeline.workers import WorkerPool

PATIENCE_SECONDS: Final = 10.0
"""How long something must be wrong; a worker that died is replaced, and loads its model, in less."""

_STOPPED: Final = frozenset("TtZX")  # states of proc(5): stopped, traced, a zombie, dead


class WorkerHealth:
    """Looks at the workers of this process now and then; long work is not a problem, standing still is."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._ticks = 0
        self._seen = ""
        self._since = 0.0

    def problem(self) -> str:
        """Return what has been wrong for PATIENCE_SECONDS, empty when nothing has."""
        now = self._look()
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        return self._seen if time.monotonic() - self._since >= PATIENCE_SECONDS else ""

    def _look(self) -> str:
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
    """Return the state of a process and the clock ticks that it has used; unknown where there is no proc(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "", time.monotonic_ns()
    return fields[0], int(fields[11]) + int(fields[12])
