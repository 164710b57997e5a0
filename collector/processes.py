"""What every process of ours does when it starts: die with its parent, log in one shape, tell itself apart."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait

SPAWN = multiprocessing.get_context("spawn")
"""How processes are started: never by fork, since the engine runs threads."""


def begin(name: str) -> None:
    """Set up the process that runs as `name`: logging, Ctrl-C left to the parent, death with the parent."""
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
