"""How much time a text may take, and who looks on: time of the processor, so that a busy machine removes nothing."""

from __future__ import annotations

import time
from typing import Protocol

HARD = 3.0
"""Times its seconds, after which a watch may end the process: an Allowance stops what can be stopped long before."""


class Allowance:
    """So many seconds of processor time, counted from now.

    That clock costs a call of the system, so it is looked at only once as much time has passed on the wall: `spent`
    comes true between `seconds` and twice as many, and never on a process that stood still.
    """

    __slots__ = ("_processor", "_wall", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._wall = time.monotonic() + seconds
        self._processor: float | None = None

    @property
    def spent(self) -> bool:
        """Whether the time is over."""
        now = time.monotonic()
        if now < self._wall:
            return False
        used = time.process_time()
        if self._processor is None:
            self._processor = used + self.seconds
        self._wall = now + self._processor - used
        return used >= self._processor


class Watch(Protocol):
    """Is shown which text is being worked on; it may end the process when that text takes too long."""

    def begin(self, key: bytes, characters: int, seconds: float) -> None:
        """Begin to work on a text, known by its keyed hash, which may take about so long.

        Raises TextStalled if it must not be worked on.
        """
        ...

    def between(self) -> None:
        """Stop to work on any text: what is done now is done for all of them."""
        ...


class Unwatched:
    """Watches nothing."""

    def begin(self, key: bytes, characters: int, seconds: float) -> None:
        """Look away."""

    def between(self) -> None:
        """Look away."""
