"""The SQLite file of the spool: how it is opened and what can go wrong with it."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector.spool.schema import TABLES, TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from collector.spool.seal import Seal

_APPLICATION_ID = 0x53504C47  # "SPLG": tells our file from any other SQLite database
_SCHEMA_VERSION = 1
_BUSY_SECONDS = 10.0
_VACUUM_ABOVE_BYTES = 64 << 20
_VACUUM_PAGES = 1_024
_LOG_KEPT_BYTES = 64 << 20  # a burst lets the write-ahead log grow; afterwards it is cut back to this


class SpoolError(Exception):
    """The root of what a spool can say."""


class SpoolFullError(SpoolError):
    """The spool reached its size limit: the sender must try again later, nothing was dropped."""


class SpoolOverdueError(SpoolFullError):
    """What waits has waited for longer than the limit: the store or the workers have not kept up for that long."""


class SpoolUnavailableError(SpoolError):
    """The disk or the file refuses: full, read-only, failing, locked or not ours. Nothing of the call was stored."""


def connect(path: Path, seal: Seal) -> sqlite3.Connection:
    """Open the file, create it when missing, and check that it is a spool of this version under this seal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # SQLite gives the -wal and -shm files the mode of the database, so this one line makes all three private.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path, seal)
    except BaseException:
        connection.close()
        raise
    return connection


def transaction(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """Run the block in one write transaction: committed and on disk at its end, or as if it never ran."""
    return _between(connection, "begin immediate")


def snapshot(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """Let the block read the file as it was at one moment, while others write."""
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
    """Shrink the file by a bounded step when a burst left it mostly empty; small remains are kept for reuse."""
    free, pages, page_bytes = (
        connection.execute(f"pragma {name}").fetchone()[0] for name in ("freelist_count", "page_count", "page_size")
    )
    if free * page_bytes > _VACUUM_ABOVE_BYTES and free * 2 > pages:
        # `execute` would step this pragma once, which frees a single page.
        connection.executescript(f"pragma incremental_vacuum({_VACUUM_PAGES})")


def damaged(error: BaseException) -> bool:
    """Return whether the error says that pages of the file are not what SQLite wrote."""
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # errors of the module itself have none
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def create_tables(connection: sqlite3.Connection, collector: str) -> None:
    """Make the tables, without the triggers that keep the counters, for a file that is called `collector`."""
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("insert into collector values (?)", (collector,))


def create_triggers(connection: sqlite3.Connection) -> None:
    """Make the triggers, and the file one of ours."""
    for statement in TRIGGERS:
        connection.execute(statement)
    connection.execute(f"pragma application_id = {_APPLICATION_ID}")
    connection.execute(f"pragma user_version = {_SCHEMA_VERSION}")


def _prepare(connection: sqlite3.Connection, path: Path, seal: Seal) -> None:
    connection.execute("pragma auto_vacuum = incremental")  # only heard before the first table
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma secure_delete = on")
    connection.execute(f"pragma journal_size_limit = {_LOG_KEPT_BYTES}")
    with transaction(connection):
        if not connection.execute("select count(*) from sqlite_schema").fetchone()[0]:
            create_tables(connection, uuid.uuid4().hex)
            create_triggers(connection)
        _check_ours(connection, path)
        _check_seal(connection, path, seal)


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("pragma application_id").fetchone()[0] != _APPLICATION_ID:
        raise SpoolUnavailableError(f"{path} is a database of another program; give the spool a path of its own.")
    version = connection.execute("pragma user_version").fetchone()[0]
    if version != _SCHEMA_VERSION:
        raise SpoolUnavailableError(
            f"The spool {path} has schema version {version} and this program knows {_SCHEMA_VERSION};"
            " drain it with the version that wrote it."
        )


def _check_seal(connection: sqlite3.Connection, path: Path, seal: Seal) -> None:
    """Refuse to start without a key that sealed what waits: all of it would look damaged and be quarantined."""
    known = seal.fingerprints
    for number, fingerprint in connection.execute("select id, fingerprint from seal").fetchall():
        if fingerprint in known:
            continue
        if connection.execute("select exists (select 1 from request where sealed_by = ?)", (number,)).fetchone()[0]:
            raise SpoolUnavailableError(
                f"The spool {path} was sealed under another key; name that key too (docs/operations.md) until nothing"
                " that it sealed waits or is quarantined."
            )
        connection.execute("delete from seal where id = ?", (number,))
    connection.execute("insert or ignore into seal (fingerprint) values (?)", (known[0],))
