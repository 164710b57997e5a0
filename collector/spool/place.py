"""The connection to the spool's file, and the replacement of a damaged file.

The receiver and the server share one file. A process that uses it holds a shared lock on the directory. A process that
creates or replaces the file holds an exclusive lock, so that no process acknowledges into a file that was set aside.
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
"""Device and inode of a file. They change when another file takes its place."""


class SpoolPlace:
    """One connection to the file at `path`; safe to use from threads."""

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
        """Return the identity of the file at `path`. It changes after a salvage."""
        return _identity(self._path)

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection; open it if necessary. Raises SpoolUnavailableError for every error of file or disk."""
        with self._lock:
            try:
                self._repair_and_connect()
                with self._directory(fcntl.LOCK_SH):
                    if interrupted(self._path):  # the process that replaced the file was killed just now
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
        """Close the connection; the caller holds the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _repair_and_connect(self) -> None:
        """Open the file. Replace a damaged one first, so that the caller sees no error."""
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
            # SQLite fails, without waiting, while another process creates the log: one process at a time creates it.
            with self._directory(fcntl.LOCK_SH if _has_content(self._path) else fcntl.LOCK_EX):
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
        """Return whether the log is shorter than before. SQLite itself truncates it only to LOG_KEPT_BYTES."""
        size = self._log.stat().st_size if self._log_identity else 0
        shorter = size < self._log_bytes
        self._log_bytes = min(size, LOG_KEPT_BYTES)
        return shorter

    def _vanished(self) -> bool:
        """Return whether the file or its log was deleted. Only the open connection can still read the content."""
        current = _identity(self._path)
        return current is None or (current == self._identity and self._log_identity != _identity(self._log))

    def _rescue(self) -> None:
        """Copy the content that the open connection can read into a new file."""
        with self._directory(fcntl.LOCK_EX):
            if self._connection is not None and self._vanished():
                salvage(self._path, "the file or its log was deleted", self.tally, self._connection)
        self.disconnect()

    def _replace_damaged(self, reason: str) -> None:
        """Salvage the file, unless another process has done so since this one opened it."""
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


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
