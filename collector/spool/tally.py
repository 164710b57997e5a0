"""The ledger's counts a second time, in files of their own: they say what a damaged spool held.

Every transaction that changes the ledger leaves a line with the counts of the entries it changed, as they stand then.
A line is written after the commit and before the answer, without an fsync: it outlives a kill, and after a loss of
power `Counts.complete` is false.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.spool.ledger import Entry

log = logging.getLogger(__name__)

KEPT_MINUTES: Final = 120
"""How long the spool's own ledger keeps an entry that is copied: each reading of the metrics adds them up."""

Slot = tuple[str, str, int]
"""An ingest key, a signal and the minute of receipt."""

_MINUTES: Final = 10  # that one file holds
_KEPT: Final = 2  # newest files that stay when the store has a copy of what is in them
_NAME: Final = re.compile(r"\.tally-(\d+)$")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Copied:
    """The counts of one entry as they were written elsewhere than in the spool."""

    entry: int
    version: int
    counts: dict[str, int]
    forgotten: bool = False

    def is_forgotten(self, minute: int) -> bool:
        """Return whether the spool need not know an entry of this minute any more: it is old and nothing is open."""
        is_open = self.counts.get("waiting_requests") or self.counts.get("quarantined_requests")
        return self.forgotten or (not is_open and minute < time.time() // 60 - KEPT_MINUTES)


@dataclass(slots=True)
class Counts:
    """What the files say: the newest counts of each slot, of the spool `collector`, and the highest request number.

    `complete` is false where lines may be missing: a file is damaged or was deleted, or the machine was started anew.
    """

    collector: str = ""
    highest_id: int = 0
    entries: dict[Slot, Copied] = field(default_factory=dict)
    complete: bool = False


class Tally:
    """The files beside the spool at `path`; several processes append to them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._boot = _boot()
        self._unwritten: dict[Slot, Entry] = {}

    def write(self, collector: str, highest_id: int, entries: Sequence[Entry], *, forgotten: bool = False) -> None:
        """Append the counts of these entries; what a full disk refuses is written with the next ones.

        `forgotten` ones are about to leave the spool, because the store has a copy of them.
        """
        wanted = self._unwritten | {(entry.key_name, entry.signal, entry.minute): entry for entry in entries}
        if not wanted:
            return
        rows = [
            [*slot, entry.id, entry.version, {name: count for name, count in entry.counts.items() if count}, forgotten]
            for slot, entry in wanted.items()
        ]
        content = json.dumps([collector, self._boot, highest_id, rows], separators=(",", ":")).encode()
        path = self._path.with_name(f"{self._path.name}.tally-{int(time.time()) // 60 // _MINUTES}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                line = b"\n%08x %s" % (zlib.crc32(content), content)  # what a full disk cut off does not spoil the next
                if os.write(descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(descriptor)
        except OSError as error:
            if not self._unwritten:
                log.warning("the counts beside the spool cannot be written (%s): they are kept in memory", error)
            self._unwritten = wanted
        else:
            self._unwritten = {}

    def exists(self) -> bool:
        """Return whether there was a spool here before."""
        return bool(self._files())

    def read(self) -> Counts:
        """Return what the files say. Raises OSError."""
        found = Counts(complete=True)
        boot = ""
        for path in self._files():
            for line in _lines(path):
                content = line[9:]
                try:
                    boot = self._read_line(found, line[:9], content)
                except (ValueError, TypeError):  # damaged, or of another version
                    found.complete = False
        found.complete = found.complete and boot == self._boot
        return found

    @staticmethod
    def _read_line(found: Counts, checksum: bytes, content: bytes) -> str:
        """Add a line to what was found, and return in which run of the machine it was written. Raises ValueError."""
        if checksum != b"%08x " % zlib.crc32(content):
            raise ValueError("the checksum is not that of the line")
        collector, boot, highest, rows = json.loads(content)
        for row in rows:
            _keep_newer(found.entries, row)
        found.collector, found.highest_id = collector, max(found.highest_id, highest)
        return str(boot)

    def forget(self) -> None:
        """Delete all but the newest files: what they say is in the store too."""
        for path in self._files()[:-_KEPT]:
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        with contextlib.suppress(FileNotFoundError):
            numbered = (
                (_NAME.search(path.name), path) for path in self._path.parent.glob(f"{self._path.name}.tally-*")
            )
            return [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]
        return []


def _lines(path: Path) -> list[bytes]:
    try:
        first, *others = path.read_bytes().split(b"\n")
    except FileNotFoundError:  # another process has just deleted it: what it says is in the store
        return []
    return others if others and not first else [first, *others]  # an emptied file has one line, which is damaged


def _keep_newer(entries: dict[Slot, Copied], row: list[Any]) -> None:
    key_name, signal, minute, number, version, counts, forgotten = row
    known = entries.get((key_name, signal, minute))
    if known is None or known.version <= version or (known.forgotten and known.entry != number):
        entries[key_name, signal, minute] = Copied(number, version, counts, forgotten)


def _boot() -> str:
    """Return the name of this run of the machine, empty where the system gives none."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text(encoding="ascii").strip()
    return ""
