"""Threads that decompress and decode bodies. They are few, because each holds a body, and senders share them fairly."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakValueDictionary

from collector.otlp.refusals import TryAgainError

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS: Final = 2
"""Limit of decoded requests in memory, without those that wait for their commit."""

WAIT_SECONDS: Final = 5.0
"""Time that a body may wait for a thread. Exporters give up after 10 s, but retry after a refusal."""

_Result = TypeVar("_Result")


class Decoders:
    """Runs work on its threads. A sender uses at most one of them; its next body queues behind those of other senders.

    For one event loop. Running work cannot be interrupted; the size of the body bounds it.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "decode")
        self._free = asyncio.Semaphore(THREADS)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, sender: str, work: Callable[[], _Result]) -> _Result:
        """Return the result of `work`. Raises TryAgainError if no thread becomes free within WAIT_SECONDS."""
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
            await asyncio.wait([running])  # until then the body is in memory and must stay counted
            raise

    def close(self) -> None:
        """Wait for running work, and end the threads."""
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
