"""Limits the memory that all requests hold between first byte and response, over every transport.

At the limit, the body that has been read for the longest is refused, so that a slow or silent client does not block
others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

from collector.otlp.refusals import SlowRequestError, TryAgainError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

REQUEST_BYTES = 16 << 10
"""Memory of a request without its body: task, headers, connection buffers."""

GRACE_SECONDS: Final = 1.0
"""Time before a body that is being read may be refused to make room; most arrive in a hundredth of it."""


class InFlight:
    """Counts bytes up to `max_bytes` in all and `max_sender_bytes` per sender; for one event loop."""

    def __init__(self, max_bytes: int, max_sender_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_sender_bytes = max_sender_bytes
        self._bytes = 0
        self._by_sender: Counter[str] = Counter()
        self._peak = 0
        self._reading: dict[Held, float] = {}  # start of each reading, longest first

    @contextmanager
    def request(self) -> Iterator[Held]:
        """Yield the memory account of one request; it is released at the end. Raises TryAgainError without room."""
        held = Held(self)
        held.resize(0)
        try:
            yield held
        finally:
            held.release()

    def add(self, sender: str, size: int) -> None:
        """Add `size` bytes to a sender's account; a negative size releases them.

        Without room, readings longer than GRACE_SECONDS are ended. If there are none, raises TryAgainError and counts
        nothing.
        """
        while size > 0 and sender and self._by_sender[sender] + size > self._max_sender_bytes:
            self._make_room(sender, "Too many requests of this sender are being read at the moment.")
        while size > 0 and self._bytes + size > self._max_bytes:
            self._make_room("", "Too many requests are being read at the moment.")
        self._bytes += size
        self._peak = max(self._peak, self._bytes)
        self._by_sender[sender] += size
        if not self._by_sender[sender]:
            del self._by_sender[sender]

    def peak_is_over(self, size: int) -> bool:
        """Return True once after requests held at least `size` bytes and released everything."""
        over = self._peak >= size and not self._bytes
        if over:
            self._peak = 0
        return over

    def begin_reading(self, held: Held) -> None:
        """Note that reading of this request's body starts."""
        self._reading[held] = asyncio.get_running_loop().time()

    def end_reading(self, held: Held) -> None:
        """Note that reading has ended, with or without the complete body."""
        self._reading.pop(held, None)

    @property
    def is_reading(self) -> bool:
        """Whether any body is being read."""
        return bool(self._reading)

    def end_long_readings(self) -> None:
        """End every reading longer than GRACE_SECONDS, because the process uses too much memory."""
        longest_since = asyncio.get_running_loop().time() - GRACE_SECONDS
        for held in [held for held, since in self._reading.items() if since < longest_since]:
            held.give_way()

    def _make_room(self, sender: str, refusal: str) -> None:
        """End the longest reading (of this sender, if not empty). Raises TryAgainError if none is long enough."""
        longest = next((held for held in self._reading if sender in ("", held.sender)), None)
        now = asyncio.get_running_loop().time()
        if longest is None or now - self._reading[longest] < GRACE_SECONDS:
            raise TryAgainError(refusal)
        longest.give_way()


class Held:
    """The bytes that one request holds, including `REQUEST_BYTES`, and its sender once that is known."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._timer: asyncio.Timeout | None = None
        self._gave_way = False
        self.sender = ""
        self.size = 0

    def belongs_to(self, sender: str) -> None:
        """Move the held bytes to this sender's account. Raises TryAgainError."""
        size = self.size
        self.release()
        self.sender = sender
        self.resize(size - REQUEST_BYTES)

    def resize(self, body_bytes: int) -> None:
        """Set the size of the body. Raises TryAgainError and keeps the old size if there is no room."""
        if self._gave_way:
            raise _gave_way()
        size = REQUEST_BYTES + body_bytes
        self._in_flight.add(self.sender, size - self.size)
        self.size = size

    def release(self) -> None:
        """Release all bytes."""
        self._in_flight.add(self.sender, -self.size)
        self.size = 0

    @asynccontextmanager
    async def reading(self, seconds: float) -> AsyncIterator[None]:
        """Let the block read the body for `seconds`. Raises SlowRequestError, or TryAgainError if room was needed."""
        try:
            async with asyncio.timeout(seconds) as self._timer:
                self._in_flight.begin_reading(self)
                try:
                    yield
                finally:
                    self._in_flight.end_reading(self)
        except TimeoutError:
            raise (
                _gave_way() if self._gave_way else SlowRequestError(f"The body did not arrive within {seconds:g} s.")
            ) from None

    def give_way(self) -> None:
        """End the reading, and release its bytes at once."""
        self._gave_way = True
        self._in_flight.end_reading(self)
        self.release()
        if self._timer is not None:
            self._timer.reschedule(asyncio.get_running_loop().time())


def _gave_way() -> TryAgainError:
    return TryAgainError("The body took too long while others waited to be read.")
