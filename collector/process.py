"""Setup of every process: no core dumps, the end of its parent ends it, one log format, limits of open files."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import resource
import signal
import threading
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final

SPAWN = multiprocessing.get_context("spawn")
"""The start method of processes: never fork, because the engine runs threads."""


_FEWEST_FILES: Final = 512  # for the embedded engine, one connection per sender, and pipes between processes
_FILES: Final = 65_536


class TooFewFilesError(Exception):
    """The system allows fewer open files than an instance needs; the message names the fix."""


def raise_open_files() -> int:
    """Raise the limit of open files of this process and its children to the user's hard limit; return the limit.

    Raises TooFewFilesError.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if 0 <= soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    if 0 <= soft < _FEWEST_FILES:
        raise TooFewFilesError(
            f"the limit of open files is {soft} and at least {_FEWEST_FILES} are needed: run ulimit -n 4096 before,"
            " or set LimitNOFILE=4096 for the service"
        )
    return soft if soft >= 0 else _FILES


def resident_bytes() -> int:
    """Return the resident memory of this process in bytes; 0 if the system does not report it."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:  # not Linux, or no /proc
        return 0
    return int(pages) * resource.getpagesize()


def leave_no_core_dump() -> None:
    """Disable core dumps of this process and its children: their memory holds raw text.

    If a program handles core dumps, the limit is ignored (core(5)); the filter then excludes all memory.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # not Linux, or no /proc
        Path("/proc/self/coredump_filter").write_text("0", encoding="ascii")


def begin(name: str) -> None:
    """Set up the process `name`: no core dumps, logging, Ctrl-C ignored, and an end together with its parent."""
    leave_no_core_dump()
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s", force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to every process; the parent handles it
    parent = multiprocessing.parent_process()
    if parent is not None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the parent reloads the policy and sends it
        threading.Thread(target=_die_with, args=(parent.sentinel,), name="parent-watch", daemon=True).start()


def _die_with(sentinel: int) -> None:
    """Kill this process when the parent has ended: all important data is on disk, and the ports must become free."""
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


def give_back_memory() -> None:
    """Return free heap memory to the system. After load in many threads, glibc keeps it."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def freeze_startup_objects() -> None:
    """Exclude the objects that exist now from garbage collection, and collect less often.

    For a long-lived process: models, rules and libraries stay until its end, and each request creates tens of thousands
    of objects that are freed with it. Traversing them again and again took a quarter of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
