"""The SQLite file of the spool: opening it, checking it, and its errors."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector.errors import UserError
from collector.spool.schema import TABLES, TRIGGERS
from collector.spool.seal import SealError, bound_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from collector.spool.seal import Seal
    from collector.spool.tally import Tally

_APPLICATION_ID = 0x53504C47  # "SPLG": identifies the file as a spool
_SCHEMA_VERSION = 1
_BUSY_SECONDS = 10.0
_VACUUM_ABOVE_BYTES = 64 << 20
_VACUUM_PAGES = 1_024
_CHECKED_PAGES = 16_384  # of a larger file, only the requests are checked at the start
_SPARE_IDS = 1_000_000  # gap between the highest known request id and the first id of a new file
_LATEST_VERSION = 1_000  # of the schema; a higher one is damage
_TRIED = 3  # requests to open, to distinguish a damaged fingerprint from another key
LOG_KEPT_BYTES = 64 << 20  # SQLite truncates the write-ahead log to this size after a burst


_TEXTS = ("signal", "key_name", "sender", "reason", "state")
_NUMBERS = ("received_at", "spans", "bytes", "attempts", "unredacted", "sealed_by")
_SOUND = " and ".join(
    [f"typeof({name}) = 'text'" for name in _TEXTS]
    + [f"typeof({name}) = 'integer' and {name} >= 0" for name in _NUMBERS]
)


class SpoolError(UserError):
    """Base class of the spool's errors."""


class SpoolFullError(SpoolError):
    """The spool reached its size limit. Nothing was dropped; the sender must try again later."""


class SpoolOverdueError(SpoolFullError):
    """The oldest request has waited longer than the limit: the store or the workers do not keep up."""


class SpoolUnavailableError(SpoolError):
    """The file cannot be used: disk full, read-only or failing, file locked or foreign. The call stored nothing."""


class DamagedError(SpoolError):
    """The file is a spool of ours, but its content is damaged. It must be salvaged."""


def connect(path: Path, seal: Seal, tally: Tally, *, check: bool = False) -> sqlite3.Connection:
    """Open the file, or create it. Check that it is a spool of this version, sealed with one of these keys.

    `check` also checks its content. Raises DamagedError, SpoolUnavailableError, sqlite3.Error or OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if tally.exists() and not (path.exists() and path.stat().st_size):
        raise DamagedError("it is empty, and was not")  # opening it would delete its log
    # SQLite gives the -wal and -shm files the mode of the database: this makes all three private.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path, seal, tally)
        if check:
            _check_content(connection)
            _check_age(connection, tally)
    except BaseException:
        connection.close()
        raise
    return connection


def transaction(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """Run the block in one write transaction: committed and on disk at its end, or rolled back."""
    return _between(connection, "begin immediate")


def snapshot(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """Run the block in one read transaction: it sees the file at one moment, while others write."""
    return _between(connection, "begin")


@contextmanager
def _between(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def give_back_pages(connection: sqlite3.Connection) -> None:
    """Shrink the file by a bounded step if more than half of it is free. Small free space is kept for reuse."""
    free, pages, page_bytes = (
        connection.execute(f"pragma {name}").fetchone()[0] for name in ("freelist_count", "page_count", "page_size")
    )
    if free * page_bytes > _VACUUM_ABOVE_BYTES and free * 2 > pages:
        # `execute` would step this pragma once, which frees a single page.
        connection.executescript(f"pragma incremental_vacuum({_VACUUM_PAGES})")


def damaged(error: BaseException) -> bool:
    """Return whether the error means that the file's content is damaged."""
    if isinstance(error, DamagedError | UnicodeDecodeError):  # SQLite's message quotes the damaged bytes
        return True
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # errors of Python's sqlite3 module have none
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG}:
        return True
    return str(error).startswith(("no such table", "no such column", "no such index", "Could not decode to UTF-8"))


def create_tables(connection: sqlite3.Connection, collector: str, highest_id: int = 0, highest_entry: int = 0) -> None:
    """Create the tables, without the triggers, for a file with the id `collector`.

    New request ids start above `highest_id`, new entry ids above `highest_entry`.
    """
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("insert into collector values (?)", (collector,))
    for table, highest in (("request", highest_id), ("ledger", highest_entry)):
        if highest:
            connection.execute("delete from sqlite_sequence where name = ?", (table,))
            connection.execute("insert into sqlite_sequence values (?, ?)", (table, highest))


def next_numbers(tally: Tally) -> tuple[str, int, int]:
    """Return collector id, highest request id and highest entry id for a new file that replaces another.

    No id is used twice: responses and the copy of the ledger refer to requests and entries by id. Raises OSError.
    """
    if not tally.exists():
        return uuid.uuid4().hex, 0, 0
    before = tally.read()
    if not before.entries:  # nothing is readable: microseconds since 1970 are above every id in use
        now = time.time_ns() // 1_000
        return before.collector or uuid.uuid4().hex, now, now
    entry = max(copied.entry for copied in before.entries.values())
    return before.collector, before.highest_id + _SPARE_IDS, entry + _SPARE_IDS


def create_triggers(connection: sqlite3.Connection) -> None:
    """Create the triggers, and mark the file as a spool."""
    for statement in TRIGGERS:
        connection.execute(statement)
    connection.execute(f"pragma application_id = {_APPLICATION_ID}")
    connection.execute(f"pragma user_version = {_SCHEMA_VERSION}")


def _prepare(connection: sqlite3.Connection, path: Path, seal: Seal, tally: Tally) -> None:
    connection.execute("pragma auto_vacuum = incremental")  # has an effect only before the first table
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma secure_delete = on")
    connection.execute(f"pragma journal_size_limit = {LOG_KEPT_BYTES}")
    with transaction(connection):
        if not connection.execute("select count(*) from sqlite_schema").fetchone()[0]:
            if tally.exists():
                raise DamagedError("it is empty, and was not")
            create_tables(connection, uuid.uuid4().hex)
            create_triggers(connection)
        _check_ours(connection, path, known=tally.exists())
        _add_missing_columns(connection)
        _check_seal(connection, path, seal)


def _check_ours(connection: sqlite3.Connection, path: Path, *, known: bool) -> None:
    """Refuse a file of another program or version. If a spool is `known` to have existed here, the file is damaged."""
    if connection.execute("pragma application_id").fetchone()[0] != _APPLICATION_ID:
        if known:
            raise DamagedError("its header is not ours")
        raise SpoolUnavailableError(f"{path} is a database of another program; give the spool a path of its own.")
    version = connection.execute("pragma user_version").fetchone()[0]
    if version != _SCHEMA_VERSION:
        if known and not 0 < version < _LATEST_VERSION:
            raise DamagedError("its header is not ours")
        raise SpoolUnavailableError(
            f"The spool {path} has schema version {version} and this program knows {_SCHEMA_VERSION};"
            " drain it with the version that wrote it."
        )


def _add_missing_columns(connection: sqlite3.Connection) -> None:
    """Add columns that files of earlier versions lack. Those versions can still read the file."""
    columns = {row[1] for row in connection.execute("pragma table_info(ledger)").fetchall()}
    if columns and "uncounted_losses" not in columns:
        connection.execute("alter table ledger add column uncounted_losses integer not null default 0")


def _check_content(connection: sqlite3.Connection) -> None:
    """Check tables, triggers, totals and the types of values, which later code relies on. Raises DamagedError."""
    parts = connection.execute("select count(*) from sqlite_schema where name not like 'sqlite%'").fetchone()[0]
    if parts != len([statement for statement in (*TABLES, *TRIGGERS) if statement.startswith("create")]):
        raise DamagedError("tables or triggers are missing")
    names = connection.execute("select id from collector").fetchall()
    states = connection.execute("select state from total order by state").fetchall()
    if len(names) != 1 or states != [("quarantined",), ("waiting",)]:
        raise DamagedError("its totals or its name are missing")
    if connection.execute("pragma page_count").fetchone()[0] <= _CHECKED_PAGES:
        problem = connection.execute("pragma quick_check(1)").fetchone()[0]
    else:
        odd = connection.execute(f"select count(*) from request where not ({_SOUND})").fetchone()[0]  # noqa: S608 - our own text
        problem = f"{odd} requests are not what was written" if odd else "ok"
    if problem != "ok":
        raise DamagedError(problem)


def _check_age(connection: sqlite3.Connection, tally: Tally) -> None:
    """Refuse a file older than its tally: its log is missing, or an old copy was restored.

    Raises DamagedError, OSError.
    """
    tallied = tally.read().entries
    versions = {
        (key_name, signal, minute): version
        for key_name, signal, minute, version in connection.execute(
            "select key_name, signal, minute, version from ledger where minute >= 0"
        ).fetchall()
    }
    for slot, copied in tallied.items():
        if copied.version > versions.get(slot, copied.version if copied.is_forgotten(slot[2]) else 0):
            raise DamagedError("it is older than it was")


def _check_seal(connection: sqlite3.Connection, path: Path, seal: Seal) -> None:
    """Refuse to start if a key is missing: every request sealed with it would look damaged and be quarantined."""
    known = seal.fingerprints
    for number, fingerprint in connection.execute("select id, fingerprint from seal").fetchall():
        if fingerprint in known:
            continue
        sealed = connection.execute(
            "select signal, digest, sealed from request where sealed_by = ? limit ?", (number, _TRIED)
        ).fetchall()
        if sealed and not any(_opens(seal, *row) for row in sealed):
            raise SpoolUnavailableError(
                f"The spool {path} was sealed under another key; name that key too (docs/operations.md) until nothing"
                " that it sealed waits or is quarantined."
            )
        connection.execute("delete from seal where id = ?", (number,))
    connection.execute("insert or ignore into seal (fingerprint) values (?)", (known[0],))
    # Requests are left over only if a fingerprint was damaged: a key that we have opens them.
    connection.execute(
        "update request set sealed_by = (select id from seal where fingerprint = ?)"
        " where sealed_by not in (select id from seal)",
        (known[0],),
    )


def _opens(seal: Seal, signal: str, digest: bytes, sealed: bytes) -> bool:
    try:
        seal.open(sealed, bound_to(signal, digest))
    except SealError:
        return False
    return True
