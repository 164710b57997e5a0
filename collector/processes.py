"""What every process of ours does when it starts: die with its parent, log in one shape, tell itself apart."""

from __future__ import annotations

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
        threading.Thread(target=_die_with, args=(parent.sentinel,), name="parent-watch", daemon=True).start()


def _die_with(sentinel: int) -> None:
    """End at once when the parent is gone, however it went: what matters is on disk, and the ports must be free."""
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)
