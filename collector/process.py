"""What every process of ours does when it starts: keep its memory off the disk, die with its parent, log alike."""

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
"""How processes are started: never by fork, since the engine runs threads."""


_FEWEST_FILES: Final = 512  # the embedded engine, a connection a sender, and the pipes between processes
_FILES: Final = 65_536


class TooFewFilesError(Exception):
    """The system allows fewer open files than an instance needs; the message says what to do."""


def raise_open_files() -> int:
    """Allow this process, and those it starts, as many open files as its user may have; return how many.

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
    """Return what this process holds in memory now, in bytes; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:  # not Linux, or no /proc
        return 0
    return int(pages) * resource.getpagesize()


def leave_no_core_dump() -> None:
    """Have no crash of this process, nor of those it starts, write its memory to a disk: raw text is in it.

    The limit is not looked at where a program takes the dumps (core(5)); the filter leaves nothing to give it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # not Linux, or no /proc
        Path("/proc/self/coredump_filter").write_text("0", encoding="ascii")


def begin(name: str) -> None:
    """Set up the process that runs as `name`: no core dump, logging, Ctrl-C left to the parent, death with it."""
    leave_no_core_dump()
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s", force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to every process; the parent decides
    parent = multiprocessing.parent_process()
    if parent is not None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the parent reads the policy again and hands it on
        threading.Thread(target=_die_with, args=(parent.sentinel,), name="parent-watch", daemon=True).start()


def _die_with(sentinel: int) -> None:
    """End at once when the parent is gone, however it went: what matters is on disk, and the ports must be free."""
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


def give_back_memory() -> None:
    """Return to the system what is free in the heap: glibc keeps it where a load came over many threads."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def keep_garbage_collector_off_what_stays() -> None:
    """Leave what is loaded by now out of every collection, and collect rarely.

    For a process that answers request after request: models, rules and libraries stay until its end, and a request
    makes tens of thousands of objects that all go with it. Going through them time and again took a quarter of a
    worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
