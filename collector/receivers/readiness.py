"""Whether a request would be taken now: asked the whole way that a request goes, and answered without waiting for it.

Ready means that a body of any size that may come would be decoded, put on disk and worked on by living processes. A
store that is away keeps nobody out: requests wait in the spool.
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

_CHECK_SECONDS: Final = 1.0  # it writes to the disk: not once per question
_ANSWER_SECONDS: Final = 0.5  # proxies give a check a second
_STUCK_SECONDS: Final = 5.0
_ORDINARY_BYTES: Final = 2 << 20  # what a batch of an SDK may hold


class Readiness:
    """Asks the decoders, the spool and the server; for one event loop."""

    def __init__(self, reception: Reception, heartbeat: Path) -> None:
        """Read in the file `heartbeat` how the server is."""
        needed = reception.limits.max_body_bytes
        spool = partial(asyncio.to_thread, _spool_problem, reception.spool, heartbeat.parent, needed)
        self._heartbeat = heartbeat
        self._probes = (
            _Probe("no body has been decoded for some time", partial(_decoder_problem, reception)),
            _Probe("the spool does not answer", spool),
        )

    async def problem(self) -> str:
        """Return every reason why a request would not be taken or worked on now; empty when it would."""
        reasons = [*await asyncio.gather(*(probe.problem() for probe in self._probes)), server_problem(self._heartbeat)]
        return "; ".join(filter(None, reasons))


class _Probe:
    """One question that may take long to be answered: there is one at a time, and its last answer holds meanwhile."""

    def __init__(self, stuck: str, ask: Callable[[], Awaitable[str]]) -> None:
        self._stuck = self._last = stuck
        self._ask = ask
        self._asked: asyncio.Future[str] | None = None
        self._asked_at = float("-inf")

    async def problem(self) -> str:
        loop = asyncio.get_running_loop()
        if self._asked is None and loop.time() - self._asked_at > _CHECK_SECONDS:
            self._asked = asyncio.ensure_future(self._ask())
            self._asked_at = loop.time()
        if self._asked is not None:
            asked = self._asked
            await asyncio.wait([asked], timeout=_ANSWER_SECONDS)
            if asked.done():
                self._asked, self._last = None, asked.result()
            elif loop.time() - self._asked_at > _STUCK_SECONDS:
                self._last = self._stuck
        return self._last


async def _decoder_problem(reception: Reception) -> str:
    """Decompress a body where every other one is; it is a sender of its own, so that none keeps it waiting."""
    try:
        await reception.decoders.run("readiness", partial(gzip.decompress, gzip.compress(b"ready?")))
    except RefusedError:
        return "every decoder is busy"
    return ""


def _spool_problem(spool: Spool, directory: Path, body_bytes: int) -> str:
    """Write to the spool, and see whether the largest body and the limits of an ordinary file would have room."""
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
