"""The file heartbeat.json, with which the server shows the receiver that requests are being processed.

The server writes it every two seconds after it has written api.json, or while it waits only for the store. If the
server has ended, the receiver goes on accepting requests, and /readyz reports the problem.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

BEAT_SECONDS: Final = 2.0
"""Interval between two writes of the server."""

STALE_SECONDS: Final = 15.0
"""Age of the file at which the server counts as stuck; a busy machine may delay a write by some seconds."""


def beat(path: Path, problem: str = "") -> None:
    """Replace the file in one step. `problem` is the reason why the server runs but does not work. Raises OSError."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"pid": os.getpid(), "problem": problem}, file)
    new.rename(path)


def server_problem(path: Path) -> str:
    """Return the reason why the server that writes this file does not work, empty if it works."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        silent = abs(time.time() - path.stat().st_mtime)  # the clock may have been set back
        if not _lives(int(content["pid"])):
            return "the server has ended and is being started again"
    except (OSError, ValueError, KeyError, TypeError):
        return "the server has not started yet"
    if silent > STALE_SECONDS:
        return f"the server has not answered for {silent:.0f} s"
    return str(content.get("problem", ""))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
