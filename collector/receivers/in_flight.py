"""The memory that requests may hold together between their first byte and their answer, over every transport.

Where it is used up, what has been read for the longest gives way: a client that trickles, or sends nothing, keeps
nobody out.
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
"""What a request holds besides its body: its task, its headers, its connection's buffers."""

GRACE_SECONDS: Final = 1.0
"""How long a body may be read before it has to give way; most arrive in a hundredth of it."""


class InFlight:
    """Counts bytes up to `max_bytes`, and up to `max_sender_bytes` of a sender; for one event loop alone."""

    def __init__(self, max_bytes: int, max_sender_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_sender_bytes = max_sender_bytes
        self._bytes = 0
        self._of: Counter[str] = Counter()
        self._most = 0
        self._reading: dict[Held, float] = {}  # since when, those that have been read for the longest first

    @contextmanager
    def request(self) -> Iterator[Held]:
        """Yield what one request holds; it is given back at the end. Raises TryAgainError when there is no room."""
        held = Held(self)
        held.resize(0)
        try:
            yield held
        finally:
            held.release()

    def add(self, sender: str, size: int) -> None:
        """Count `size` more bytes of a sender, or fewer. Raises TryAgainError and counts nothing.

        While there is no room, what has been read for longer than GRACE_SECONDS gives way.
        """
        while size > 0 and sender and self._of[sender] + size > self._max_sender_bytes:
            self._make_room(sender, "Too many requests of this sender are being read at the moment.")
        while size > 0 and self._bytes + size > self._max_bytes:
            self._make_room("", "Too many requests are being read at the moment.")
        self._bytes += size
        self._most = max(self._most, self._bytes)
        self._of[sender] += size
        if not self._of[sender]:
            del self._of[sender]

    def is_over(self, size: int) -> bool:
        """Tell, once, that requests held `size` bytes together and hold nothing any more."""
        over = self._most >= size and not self._bytes
        if over:
            self._most = 0
        return over

    def begin_reading(self, held: Held) -> None:
        """Note that the body of this request is being read from now on."""
        self._reading[held] = asyncio.get_running_loop().time()

    def end_reading(self, held: Held) -> None:
        """Note that the body is here, or does not come."""
        self._reading.pop(held, None)

    @property
    def is_reading(self) -> bool:
        """Whether any body is being read."""
        return bool(self._reading)

    def end_long_readings(self) -> None:
        """End every reading that has gone on for longer than GRACE_SECONDS: the process holds too much memory."""
        longest_since = asyncio.get_running_loop().time() - GRACE_SECONDS
        for held in [held for held, since in self._reading.items() if since < longest_since]:
            held.give_way()

    def _make_room(self, sender: str, refusal: str) -> None:
        """End the longest reading, of this sender if one is named. Raises TryAgainError if none has been long."""
        longest = next((held for held in self._reading if sender in ("", held.sender)), None)
        now = asyncio.get_running_loop().time()
        if longest is None or now - self._reading[longest] < GRACE_SECONDS:
            raise TryAgainError(refusal)
        longest.give_way()


class Held:
    """The bytes that one request holds, `REQUEST_BYTES` included, and who sends it once that is known."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self._timer: asyncio.Timeout | None = None
        self._gave_way = False
        self.sender = ""
        self.size = 0

    def belongs_to(self, sender: str) -> None:
        """Count what is held for this sender. Raises TryAgainError."""
        size = self.size
        self.release()
        self.sender = sender
        self.resize(size - REQUEST_BYTES)

    def resize(self, body_bytes: int) -> None:
        """Say how large the body is now. Raises TryAgainError and leaves the size as it was."""
        if self._gave_way:
            raise _gave_way()
        size = REQUEST_BYTES + body_bytes
        self._in_flight.add(self.sender, size - self.size)
        self.size = size

    def release(self) -> None:
        """Hold nothing any more."""
        self._in_flight.add(self.sender, -self.size)
        self.size = 0

    @asynccontextmanager
    async def reading(self, seconds: float) -> AsyncIterator[None]:
        """Let the block read the body for so long. Raises SlowRequestError, or TryAgainError if it has to give way."""
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
        """End the reading, and leave the room to others at once."""
        self._gave_way = True
        self._in_flight.end_reading(self)
        self.release()
        if self._timer is not None:
            self._timer.reschedule(asyncio.get_running_loop().time())


def _gave_way() -> TryAgainError:
    return TryAgainError("The body took too long while others waited to be read.")
