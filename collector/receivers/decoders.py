"""The threads that decompress and decode: few, because each holds a body, and shared out among the senders."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakValueDictionary

from collector.otlp.refusals import TryAgainError

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS: Final = 2
"""At most this many decoded requests are in memory besides the ones that wait for their commit."""

WAIT_SECONDS: Final = 5.0
"""How long a body waits for a thread; exporters give up after 10 s, and come again when they are refused."""

_Result = TypeVar("_Result")


class Decoders:
    """Runs work on its threads. A sender has one of them at most, and its next body goes behind those of others.

    For one event loop. What runs cannot be interrupted: the work itself is bounded by what it reads.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "decode")
        self._free = asyncio.Semaphore(THREADS)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, sender: str, work: Callable[[], _Result]) -> _Result:
        """Return what the work returns. Raises TryAgainError when no thread is free for too long."""
        turn = self._turns.setdefault(sender, asyncio.Lock())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._acquire(turn)
        except TimeoutError:
            raise TryAgainError("Too many bodies wait to be decoded at the moment.") from None
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(lambda _: self._release(turn))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])  # the body is in memory until then, and stays counted
            raise

    def close(self) -> None:
        """Wait for what runs, and end the threads."""
        self._threads.shutdown()

    async def _acquire(self, turn: asyncio.Lock) -> None:
        await turn.acquire()
        try:
            await self._free.acquire()
        except BaseException:
            turn.release()
            raise

    def _release(self, turn: asyncio.Lock) -> None:
        self._free.release()
        turn.release()
