"""Watches workers: a worker publishes its current text, and the server kills a worker that spends too long on one.

A backtracking pattern runs inside one call of the interpreter, which no thread or signal of that process can stop. So
another process watches. It counts the worker's CPU time, because on a busy machine a healthy worker may be slow. The
state is in shared memory; it holds a keyed hash of the text, never the text.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.process import SPAWN
from redaction.budget import HARD
from redaction.errors import TextStalled

if TYPE_CHECKING:
    from collections.abc import Container
    from ctypes import Array, c_char

CHECK_SECONDS: Final = 0.25  # between two checks of a worker
MAX_IDLE_CHECKS: Final = 60  # checks in a row without CPU use, although the worker has work: it is stopped or blocked
LOADING: Final = 300.0  # CPU-seconds to load the models
_LAYOUT: Final = struct.Struct("<Qd16s")  # number of the step, its limit in CPU-seconds, hash of its text
_NO_TEXT: Final = b"\0" * 16
_PACE: Final = 50_000  # bytes of a request that are decoded, normalised and written in a CPU-second, at the least ...
_SECONDS: Final = 10.0  # ... plus this for any request, both without its texts


class Step(NamedTuple):
    """A step of a worker: its number, its limit in CPU-seconds, and the hash of its text, b"" for none."""

    number: int
    seconds: float
    text: bytes


class SharedStep:
    """Shared memory in which a worker publishes its current step."""

    def __init__(self) -> None:
        self.memory: Array[c_char] = SPAWN.RawArray("c", _LAYOUT.size)
        self.write(0, LOADING, _NO_TEXT)

    def write(self, number: int, seconds: float, text: bytes) -> None:
        """Write a step. This is not atomic: the number is written first, so a new number may come with old values."""
        _LAYOUT.pack_into(self.memory, 0, number, seconds, text)

    def read(self) -> Step:
        """Return the current step."""
        number, seconds, text = _LAYOUT.unpack_from(self.memory)
        return Step(number, seconds, b"" if text == _NO_TEXT else text)


class WorkerWatch:
    """The worker's side: redaction reports its texts to it (redaction.budget.Watch).

    Texts in `stalled` stopped a worker before and are not processed.
    """

    def __init__(self, step: SharedStep, stalled: Container[bytes]) -> None:
        self._shared = step
        self._stalled = stalled
        self._number = 1
        self._request_seconds = LOADING
        self._longest: int | None = None

    def request(self, size: int, longest: int | None) -> None:
        """Begin a request of `size` bytes. Texts of more than `longest` characters are not processed."""
        self._request_seconds = _SECONDS + size / _PACE
        self._longest = longest
        self.between()

    def begin(self, key: bytes, characters: int, seconds: float) -> None:
        """Publish a text. Raises TextStalled if it must not be processed."""
        if self._longest is not None and characters > self._longest:
            raise TextStalled("its request stopped several workers")
        if key in self._stalled:
            raise TextStalled("it stopped a worker")
        self._number += 1
        self._shared.write(self._number, seconds * HARD, key)

    def between(self) -> None:
        """Publish that the worker processes the request as a whole, not one text."""
        self._number += 1
        self._shared.write(self._number, self._request_seconds, _NO_TEXT)


class ServerWatch:
    """The server's side: checks one worker process regularly while it has work."""

    def __init__(self, step: SharedStep, process: int) -> None:
        self._shared = step
        self._clock: int | None = ~process << 3 | 2  # the id that clock_getcpuclockid(3) of Linux returns
        try:
            time.clock_gettime(self._clock)
        except OSError:
            self._clock = None  # a system without CPU clocks of processes: use wall time
        self._number = -1
        self._began = self._used = 0.0
        self._idle_checks = 0

    def check(self) -> Step | None:
        """Return the worker's step if it has taken too long, otherwise None."""
        try:
            used = time.monotonic() if self._clock is None else time.clock_gettime(self._clock)
        except OSError:
            return None  # the process has ended for another reason
        step = self._shared.read()
        self._idle_checks = self._idle_checks + 1 if used == self._used else 0
        self._used = used
        if step.number != self._number:
            self._number, self._began = step.number, used
        if self._idle_checks >= MAX_IDLE_CHECKS:
            return step._replace(text=b"")  # it uses no CPU, so its text is not the cause
        return step if used - self._began > step.seconds else None

    def idle(self) -> None:
        """Note that the worker has no work now."""
        self._number = -1
        self._idle_checks = 0
