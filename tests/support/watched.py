"""Records which files were opened, read, created, changed or removed in folders (Linux's inotify)."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from pathlib import Path

_EVENTS: Final = {
    0x1: "read",
    0x2: "written",
    0x20: "opened",
    0x100: "made",
    0x200: "removed",
    0x40: "moved",
    0x80: "moved",
}
_FOLDER: Final = 0x40000000  # the event is about a folder: listing one is no harm
_HEAD: Final = struct.Struct("iIII")


class Watched:
    """Watches folders, without their subfolders."""

    def __init__(self, *folders: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._descriptor >= 0, os.strerror(ctypes.get_errno())
        for folder in folders:
            added = libc.inotify_add_watch(self._descriptor, bytes(folder), sum(_EVENTS))
            assert added >= 0, os.strerror(ctypes.get_errno())

    def touched(self) -> list[str]:
        """Return the events of files since the last call, such as "opened canary"."""
        found = []
        while True:
            try:
                data = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return found
            while data:
                _, mask, _, length = _HEAD.unpack_from(data)
                name = data[_HEAD.size : _HEAD.size + length].rstrip(b"\0").decode()
                data = data[_HEAD.size + length :]
                if not mask & _FOLDER:
                    found += [f"{what} {name}" for bit, what in _EVENTS.items() if mask & bit]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
