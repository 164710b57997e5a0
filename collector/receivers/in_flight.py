"""The memory that requests may hold together between their first byte and their answer, over every transport."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector.receivers.refusals import TryAgainError

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST_BYTES = 16 << 10
"""What a request holds besides its body: its task, its headers, its connection's buffers."""


class InFlight:
    """Counts bytes up to `max_bytes`; for the thread of the event loop alone."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._most = 0

    @contextmanager
    def request(self) -> Iterator[Held]:
        """Yield what one request holds; it is given back at the end. Raises TryAgainError when there is no room."""
        held = Held(self)
        held.resize(0)
        try:
            yield held
        finally:
            self._bytes -= held.size

    def add(self, size: int) -> None:
        """Count `size` more bytes, or fewer when it is negative. Raises TryAgainError and counts nothing."""
        if size > 0 and self._bytes + size > self._max_bytes:
            raise TryAgainError("Too many requests are being read at the moment.")
        self._bytes += size
        self._most = max(self._most, self._bytes)

    def is_over(self, size: int) -> bool:
        """Tell, once, that requests held `size` bytes together and hold nothing any more."""
        over = self._most >= size and not self._bytes
        if over:
            self._most = 0
        return over


class Held:
    """The bytes that one request holds, `REQUEST_BYTES` included."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self.size = 0

    def resize(self, body_bytes: int) -> None:
        """Say how large the body is now. Raises TryAgainError and leaves the size as it was."""
        size = REQUEST_BYTES + body_bytes
        self._in_flight.add(size - self.size)
        self.size = size
