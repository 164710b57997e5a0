"""The SQLite file of the spool: its schema, how it is opened and what can go wrong with it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collector.seal import Seal

_APPLICATION_ID = 0x53504C47  # "SPLG": tells our file from any other SQLite database
_SCHEMA_VERSION = 1
_BUSY_SECONDS = 10.0
_VACUUM_ABOVE_BYTES = 64 << 20
_VACUUM_PAGES = 1_024
_LOG_KEPT_BYTES = 64 << 20  # a burst lets the write-ahead log grow; afterwards it is cut back to this

_SCHEMA = (
    """create table request (
        id integer primary key autoincrement,
        digest blob not null,
        signal text not null,
        key_name text not null,
        sender text not null,
        received_at integer not null,
        spans integer not null,
        bytes integer not null,
        attempts integer not null default 0,
        reason text not null default '',
        state text not null default 'waiting' check (state in ('waiting', 'quarantined')),
        batch text,
        sealed blob not null
    ) strict""",
    "create index request_batch on request (batch) where batch is not null",
    """create table seen (digest blob primary key, request_id integer not null, received_at integer not null)
    strict, without rowid""",
    "create index seen_received_at on seen (received_at)",
    # Kept by triggers, so that the size limit and the counters never scan the queue.
    """create table total (
        state text primary key, requests integer not null, spans integer not null, bytes integer not null
    ) strict, without rowid""",
    "insert into total values ('waiting', 0, 0, 0), ('quarantined', 0, 0, 0)",
    """create trigger request_added after insert on request begin
        update total set requests = requests + 1, spans = spans + new.spans, bytes = bytes + new.bytes
        where state = new.state;
    end""",
    """create trigger request_removed after delete on request begin
        update total set requests = requests - 1, spans = spans - old.spans, bytes = bytes - old.bytes
        where state = old.state;
    end""",
    """create trigger request_moved after update of state on request when old.state <> new.state begin
        update total set requests = requests - 1, spans = spans - old.spans, bytes = bytes - old.bytes
        where state = old.state;
        update total set requests = requests + 1, spans = spans + new.spans, bytes = bytes + new.bytes
        where state = new.state;
    end""",
    "create table seal (fingerprint blob not null) strict",
    f"pragma application_id = {_APPLICATION_ID}",
    f"pragma user_version = {_SCHEMA_VERSION}",
)


class SpoolError(Exception):
    """The root of what a spool can say."""


class SpoolFullError(SpoolError):
    """The spool reached its size limit: the sender must try again later, nothing was dropped."""


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


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block in one write transaction: committed and on disk at its end, or as if it never ran."""
    connection.execute("begin immediate")
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


def _prepare(connection: sqlite3.Connection, path: Path, seal: Seal) -> None:
    connection.execute("pragma auto_vacuum = incremental")  # only heard before the first table
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma secure_delete = on")
    connection.execute(f"pragma journal_size_limit = {_LOG_KEPT_BYTES}")
    with transaction(connection):
        if not connection.execute("select count(*) from sqlite_schema").fetchone()[0]:
            for statement in _SCHEMA:
                connection.execute(statement)
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
    """Refuse another key while requests wait: all of them would look damaged and be quarantined."""
    fingerprint = seal.digest("fingerprint", b"")
    row = connection.execute("select fingerprint from seal").fetchone()
    if row is not None and row[0] == fingerprint:
        return
    if connection.execute("select exists (select 1 from request)").fetchone()[0]:
        raise SpoolUnavailableError(
            f"The spool {path} was sealed under another key; start with that key until nothing waits in it."
        )
    connection.execute("delete from seen")
    connection.execute("delete from seal")
    connection.execute("insert into seal values (?)", (fingerprint,))
