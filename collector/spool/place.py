"""Where the spool's file lies: its connection, and what happens when the file turns out to be damaged.

The receiver and the server share one file. A process that uses it holds a shared lock on the directory. A process that
makes a new file, or replaces a damaged one, holds the lock alone: nobody acknowledges into a file that was set aside.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector.spool.file import LOG_KEPT_BYTES, DamagedError, SpoolUnavailableError, connect, damaged
from collector.spool.salvage import interrupted, replace, salvage
from collector.spool.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collector.spool.seal import Seal

Identity = tuple[int, int]
"""Device and inode of a file: another one has taken its place when they change."""


class SpoolPlace:
    """The one connection of an object to the file at `path`; safe to use from threads."""

    def __init__(self, path: Path, seal: Seal) -> None:
        self._path = path
        self._seal = seal
        self._lock = threading.Lock()
        self.tally = Tally(path)
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._log_identity: Identity | None = None
        self._log_bytes = 0
        self._checked: Identity | None = None

    def identity(self) -> Identity | None:
        """Return which file is there now; another one after a salvage."""
        return _identity(self._path)

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection, opened where need be. Raises SpoolUnavailableError for what the file or disk refuses."""
        with self._lock:
            try:
                self._make_good()
                with self._directory(fcntl.LOCK_SH):
                    if interrupted(self._path):  # whoever replaced the file was killed just now
                        raise SpoolUnavailableError(f"The spool {self._path} is being replaced.")
                    yield self._connected()
            except (sqlite3.Error, OSError, DamagedError, UnicodeDecodeError) as error:
                self.disconnect()
                if damaged(error):
                    self._replace_damaged(str(error))
                raise SpoolUnavailableError(f"The spool {self._path} cannot be used: {error}.") from error

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        with self._lock:
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connection; the caller holds it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _make_good(self) -> None:
        """Open the file; one that is damaged is replaced first, so that the caller does not hear of it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if interrupted(self._path):
            with self._directory(fcntl.LOCK_EX):
                if interrupted(self._path):
                    replace(self._path)
        if self._connection is not None and self._is_current():
            if not self._log_is_cut():
                return
            self.disconnect()
            self._replace_damaged("its log was cut short")
        if self._connection is not None and self._vanished():
            self._rescue()
        try:
            # SQLite does not wait where somebody else gives a new file its log: one at a time makes it.
            with self._directory(fcntl.LOCK_SH if _is_made(self._path) else fcntl.LOCK_EX):
                self._connected()
        except (sqlite3.DatabaseError, DamagedError, UnicodeDecodeError) as error:
            self.disconnect()
            if not damaged(error):
                raise
            self._replace_damaged(str(error))

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._is_current():
            return self._connection
        self.disconnect()
        self._identity = _identity(self._path)
        unchecked = self._checked is None or self._checked != self._identity
        self._connection = connect(self._path, self._seal, self.tally, check=unchecked)
        self._identity = self._checked = _identity(self._path)
        self._log_identity = _identity(self._log)
        self._log_bytes = 0
        return self._connection

    @property
    def _log(self) -> Path:
        return self._path.with_name(self._path.name + "-wal")

    def _is_current(self) -> bool:
        return self._identity == _identity(self._path) and self._log_identity == _identity(self._log)

    def _log_is_cut(self) -> bool:
        """Return whether the log is shorter than before; SQLite itself cuts it back to what is always kept."""
        size = self._log.stat().st_size if self._log_identity else 0
        shorter = size < self._log_bytes
        self._log_bytes = min(size, LOG_KEPT_BYTES)
        return shorter

    def _vanished(self) -> bool:
        """Return whether the file, or its log, was deleted under the connection: it alone still reaches the content."""
        found = _identity(self._path)
        return found is None or (found == self._identity and self._log_identity != _identity(self._log))

    def _rescue(self) -> None:
        """Copy what the open connection reads into a new file."""
        with self._directory(fcntl.LOCK_EX):
            if self._connection is not None and self._vanished():
                salvage(self._path, "the file or its log was deleted", self.tally, self._connection)
        self.disconnect()

    def _replace_damaged(self, reason: str) -> None:
        """Salvage the file, unless somebody else has done so since we opened it."""
        before = self._identity
        try:
            with self._directory(fcntl.LOCK_EX):
                if before == _identity(self._path):
                    salvage(self._path, reason, self.tally)
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            raise SpoolUnavailableError(
                f"The spool {self._path} is damaged ({reason}) and what is readable cannot be copied: {error}."
            ) from error

    @contextmanager
    def _directory(self, mode: int) -> Iterator[None]:
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, mode)
            yield
        finally:
            os.close(descriptor)


def _is_made(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
