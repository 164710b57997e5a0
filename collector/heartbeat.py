"""The file heartbeat.json, by which the receiver knows that what it takes is being worked on.

The server writes it every two seconds, once it has announced itself to the commands or while all it waits for is the
store. The receiver stays open when the server is gone, and says so.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

BEAT_SECONDS: Final = 2.0
"""How often the server writes."""

STALE_SECONDS: Final = 15.0
"""After so long without a beat the server counts as stuck; a busy machine may delay one by some seconds."""


def beat(path: Path, problem: str = "") -> None:
    """Write the file in one step; `problem` says what keeps the server from working though it lives. Raises OSError."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"pid": os.getpid(), "problem": problem}, file)
    new.rename(path)


def server_problem(path: Path) -> str:
    """Return what keeps the server that writes this file from working, empty when it works."""
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
