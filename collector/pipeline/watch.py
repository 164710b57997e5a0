"""Watches workers: a worker shows which text it is at, and the server ends one that stays at a text too long.

A pattern that backtracks runs inside one call of the interpreter, which no thread and no signal of its own process can
stop. So it is another process that looks. It counts the processor's time of the worker: on a busy machine a worker is
slow and nothing is wrong. What is shown lies in memory that both share; it holds no text, only a keyed hash.
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

LOOK: Final = 0.25  # seconds between two looks at a worker
STILL: Final = (
    60  # looks in a row at which a worker that has work to do has used no time: it was stopped, or waits for ever
)
LOADING: Final = 300.0  # seconds of the processor to load the models
_SHOWN: Final = struct.Struct(
    "<Qd16s"
)  # which step of the worker this is, the seconds that it may take, the text's hash
_NO_TEXT: Final = b"\0" * 16
_PACE: Final = 50_000  # bytes of a request that are decoded, normalised and written in a second, at the least ...
_SECONDS: Final = 10.0  # ... and what any request may take besides its texts


class Shown(NamedTuple):
    """What a worker shows: the number of its step, the seconds that it may take, the hash of its text, b"" for none."""

    step: int
    seconds: float
    text: bytes


class Screen:
    """The memory that a worker shows its steps in."""

    def __init__(self) -> None:
        self.memory: Array[c_char] = SPAWN.RawArray("c", _SHOWN.size)
        self.show(0, LOADING, _NO_TEXT)

    def show(self, step: int, seconds: float, text: bytes) -> None:
        """Show a step. Not at once: the number comes first, and another one says that the rest may be new."""
        _SHOWN.pack_into(self.memory, 0, step, seconds, text)

    def read(self) -> Shown:
        """Return what is shown."""
        step, seconds, text = _SHOWN.unpack_from(self.memory)
        return Shown(step, seconds, b"" if text == _NO_TEXT else text)


class WorkerWatch:
    """The worker's side, which redaction shows its texts to (redaction.budget.Watch).

    Texts in `stalled` have cost a worker before and are not worked on.
    """

    def __init__(self, screen: Screen, stalled: Container[bytes]) -> None:
        self._screen = screen
        self._stalled = stalled
        self._step = 1
        self._rest = LOADING
        self._longest: int | None = None

    def request(self, size: int, longest: int | None) -> None:
        """Begin a request of `size` bytes, of which no text of more than `longest` characters is worked on."""
        self._rest = _SECONDS + size / _PACE
        self._longest = longest
        self.between()

    def begin(self, key: bytes, characters: int, seconds: float) -> None:
        """Show a text. Raises TextStalled if it must not be worked on."""
        if self._longest is not None and characters > self._longest:
            raise TextStalled("its request stopped several workers")
        if key in self._stalled:
            raise TextStalled("it stopped a worker")
        self._step += 1
        self._screen.show(self._step, seconds * HARD, key)

    def between(self) -> None:
        """Show that what is done is done for the whole request."""
        self._step += 1
        self._screen.show(self._step, self._rest, _NO_TEXT)


class ServerWatch:
    """The server's side: looks at one worker process again and again while it has something to do."""

    def __init__(self, screen: Screen, process: int) -> None:
        self._screen = screen
        self._clock: int | None = ~process << 3 | 2  # as clock_getcpuclockid(3) of Linux gives it
        try:
            time.clock_gettime(self._clock)
        except OSError:
            self._clock = None  # a system without such clocks: it must do with that on the wall
        self._step = -1
        self._began = self._used = 0.0
        self._still = 0

    def look(self) -> Shown | None:
        """Return what the worker shows, if it has been at that for too long; None while all is well."""
        try:
            used = time.monotonic() if self._clock is None else time.clock_gettime(self._clock)
        except OSError:
            return None  # it is gone, and not for this
        shown = self._screen.read()
        self._still = self._still + 1 if used == self._used else 0
        self._used = used
        if shown.step != self._step:
            self._step, self._began = shown.step, used
        if self._still >= STILL:
            return shown._replace(text=b"")  # whatever stopped it, its text did not
        return shown if used - self._began > shown.seconds else None

    def rest(self) -> None:
        """Note that the worker has nothing to do now."""
        self._step = -1
        self._still = 0
