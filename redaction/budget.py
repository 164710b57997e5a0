"""CPU time that a text may take, and its watch. CPU time, so that no text is removed because the machine is busy."""

from __future__ import annotations

import time
from typing import Protocol

HARD = 3.0
"""A watch may end the process after this many times the seconds of a text; an Allowance stops most work long before."""


class Allowance:
    """A number of seconds of CPU time, counted from now.

    Reading the CPU clock is a system call, so it is read only after as many seconds of wall time: `spent` becomes true
    between `seconds` and twice as many, and never for a process that was not running.
    """

    __slots__ = ("_processor", "_wall", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._wall = time.monotonic() + seconds
        self._processor: float | None = None

    @property
    def spent(self) -> bool:
        """Whether the time is used up."""
        now = time.monotonic()
        if now < self._wall:
            return False
        used = time.process_time()
        if self._processor is None:
            self._processor = used + self.seconds
        self._wall = now + self._processor - used
        return used >= self._processor


class Watch(Protocol):
    """Knows which text is being redacted; it may end the process when that text takes too long."""

    def begin(self, key: bytes, characters: int, seconds: float) -> None:
        """Note the start of a text, named by its keyed hash, which may take about `seconds`.

        Raises TextStalled if the text must not be redacted.
        """
        ...

    def between(self) -> None:
        """Note that no single text is being redacted: the work that follows is for all of them."""
        ...


class Unwatched:
    """A watch that does nothing."""

    def begin(self, key: bytes, characters: int, seconds: float) -> None:
        """Do nothing."""

    def between(self) -> None:
        """Do nothing."""
