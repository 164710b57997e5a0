"""Readiness: whether the receiver would accept a request now.

Ready means that a body of any allowed size would be decoded, written to disk and processed by running workers. Each
step is probed; a response does not wait for a slow probe. An unavailable store does not matter: requests wait in the
spool.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Final

from collector.heartbeat import server_problem
from collector.otlp.refusals import RefusedError
from collector.spool.spool import SpoolError, SpoolFullError, SpoolOverdueError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from collector.receivers.reception import Reception
    from collector.spool.spool import Spool

_CHECK_SECONDS: Final = 1.0  # minimum between two probes, because one writes to the disk
_ANSWER_SECONDS: Final = 0.5  # proxies wait one second for a health check
_STUCK_SECONDS: Final = 5.0
_ORDINARY_BYTES: Final = 2 << 20  # size of a large batch of an SDK


class Readiness:
    """Probes the decoders, the spool and the server; for one event loop."""

    def __init__(self, reception: Reception, heartbeat: Path) -> None:
        """`heartbeat` is the file in which the server reports its state."""
        needed = reception.limits.max_body_bytes
        spool = partial(asyncio.to_thread, _spool_problem, reception.spool, heartbeat.parent, needed)
        self._heartbeat = heartbeat
        self._probes = (
            _Probe("no body has been decoded for some time", partial(_decoder_problem, reception)),
            _Probe("the spool does not answer", spool),
        )

    async def problem(self) -> str:
        """Return every reason why a request would not be accepted or processed now; empty if there is none."""
        reasons = [*await asyncio.gather(*(probe.problem() for probe in self._probes)), server_problem(self._heartbeat)]
        return "; ".join(filter(None, reasons))


class _Probe:
    """One check that may be slow. One runs at a time; until it ends, the last result is returned."""

    def __init__(self, stuck: str, check: Callable[[], Awaitable[str]]) -> None:
        self._stuck = self._last = stuck
        self._check = check
        self._running: asyncio.Future[str] | None = None
        self._started_at = float("-inf")

    async def problem(self) -> str:
        loop = asyncio.get_running_loop()
        if self._running is None and loop.time() - self._started_at > _CHECK_SECONDS:
            self._running = asyncio.ensure_future(self._check())
            self._started_at = loop.time()
        if self._running is not None:
            running = self._running
            await asyncio.wait([running], timeout=_ANSWER_SECONDS)
            if running.done():
                self._running, self._last = None, running.result()
            elif loop.time() - self._started_at > _STUCK_SECONDS:
                self._last = self._stuck
        return self._last


async def _decoder_problem(reception: Reception) -> str:
    """Decompress a small body on the decoder threads, as a sender of its own, so that no other sender delays it."""
    try:
        await reception.decoders.run("readiness", partial(gzip.decompress, gzip.compress(b"ready?")))
    except RefusedError:
        return "every decoder is busy"
    return ""


def _spool_problem(spool: Spool, directory: Path, body_bytes: int) -> str:
    """Write to the spool, and check that the disk has room for the largest body and takes an ordinary one."""
    try:
        spool.check()
    except SpoolOverdueError:
        return "what waits in the spool has waited for too long"
    except SpoolFullError:
        return "the spool is full"
    except SpoolError:
        return "the spool cannot be written"
    try:
        free = shutil.disk_usage(directory).free
        if free < body_bytes:
            return f"the spool's disk has {free >> 20} MiB left, and a body may need {body_bytes >> 20}"
        with tempfile.TemporaryFile(dir=directory) as file:
            os.posix_fallocate(file.fileno(), 0, _ORDINARY_BYTES)
    except OSError as error:
        return f"the spool's disk does not take {_ORDINARY_BYTES >> 20} MiB ({error.strerror})"
    return ""
