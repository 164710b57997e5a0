"""The tally: a second copy of the ledger's counts, in files of their own, for when the spool is damaged.

After every transaction that changes the ledger, a line with the new counts of the changed entries is appended.
The line is written after the commit and before the response, without an fsync. It survives a kill; after a loss of
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
"""How long the spool's ledger keeps a copied entry. Each scrape of the metrics sums up all entries."""

Slot = tuple[str, str, int]
"""An ingest key, a signal and the minute of receipt."""

_MINUTES: Final = 10  # minutes in one file
_KEPT: Final = 2  # newest files to keep after their counts were copied to the store
_NAME: Final = re.compile(r"\.tally-(\d+)$")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Copied:
    """The counts of one entry as the tally or the store has them."""

    entry: int
    version: int
    counts: dict[str, int]
    forgotten: bool = False

    def is_forgotten(self, minute: int) -> bool:
        """Return whether the spool may lack an entry of this minute: it is old and has no open request."""
        is_open = self.counts.get("waiting_requests") or self.counts.get("quarantined_requests")
        return self.forgotten or (not is_open and minute < time.time() // 60 - KEPT_MINUTES)


@dataclass(slots=True)
class Counts:
    """Content of the files: the newest counts of each slot, the id of the spool, and the highest request id.

    `complete` is false if lines may be missing: a file is damaged or was deleted, or the machine was rebooted.
    """

    collector: str = ""
    highest_id: int = 0
    entries: dict[Slot, Copied] = field(default_factory=dict)
    complete: bool = False


class Tally:
    """The files of counts next to the spool at `path`; several processes append to them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._boot = _boot()
        self._unwritten: dict[Slot, Entry] = {}

    def write(self, collector: str, highest_id: int, entries: Sequence[Entry], *, forgotten: bool = False) -> None:
        """Append the counts of these entries. If the disk is full, they are written with the next ones.

        `forgotten` entries are about to leave the spool, because the store has a copy of them.
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
                line = b"\n%08x %s" % (zlib.crc32(content), content)  # the newline ends a line that was cut short
                if os.write(descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(descriptor)
        except OSError as error:
            if not self._unwritten:
                log.warning("the tally of the spool cannot be written (%s): counts are kept in memory", error)
            self._unwritten = wanted
        else:
            self._unwritten = {}

    def exists(self) -> bool:
        """Return whether there was a spool here before."""
        return bool(self._files())

    def read(self) -> Counts:
        """Return the content of the files. Raises OSError."""
        counts = Counts(complete=True)
        boot = ""
        for path in self._files():
            for line in _lines(path):
                content = line[9:]
                try:
                    boot = self._read_line(counts, line[:9], content)
                except (ValueError, TypeError):  # damaged, or of another version
                    counts.complete = False
        counts.complete = counts.complete and boot == self._boot
        return counts

    @staticmethod
    def _read_line(counts: Counts, checksum: bytes, content: bytes) -> str:
        """Add a line to `counts`, and return the machine's boot id when it was written. Raises ValueError."""
        if checksum != b"%08x " % zlib.crc32(content):
            raise ValueError("the checksum is not that of the line")
        collector, boot, highest, rows = json.loads(content)
        for row in rows:
            _keep_newer(counts.entries, row)
        counts.collector, counts.highest_id = collector, max(counts.highest_id, highest)
        return str(boot)

    def forget(self) -> None:
        """Delete all but the newest files: their counts are in the store too."""
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
    except FileNotFoundError:  # another process has just deleted it: its counts are in the store
        return []
    return others if others and not first else [first, *others]  # an emptied file has one line, which is damaged


def _keep_newer(entries: dict[Slot, Copied], row: list[Any]) -> None:
    key_name, signal, minute, number, version, counts, forgotten = row
    known = entries.get((key_name, signal, minute))
    if known is None or known.version <= version or (known.forgotten and known.entry != number):
        entries[key_name, signal, minute] = Copied(number, version, counts, forgotten)


def _boot() -> str:
    """Return the machine's boot id, empty if the system has none."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text(encoding="ascii").strip()
    return ""
