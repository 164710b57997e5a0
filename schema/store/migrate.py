"""Brings the tables up to date: applies the files of `migrations/` that a store has not seen, one process at a time."""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from schema.store.errors import MigrationChangedError, QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.store.store import Store

_TABLE_EXISTS: Final = 57  # ClickHouse's numbers of errors
_NO_TABLE: Final = 60
_LOOK_SECONDS: Final = 0.2
_LONGEST_SECONDS: Final = 300  # no migration of ours takes longer; who holds the lock that long is gone
_ABANDONED_SECONDS: Final = 5.0


class _Migration(NamedTuple):
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrate(store: Store) -> list[str]:
    """Apply the migrations that are new to this store and return their names. Raises MigrationChangedError."""
    store.create(
        "CREATE TABLE IF NOT EXISTS schema_migrations (name String, sha256 String, applied_at DateTime64(3, 'UTC'))"
        " ENGINE = MergeTree ORDER BY name"
    )
    if not _new(store):
        return []
    with _alone(store):
        if store.layout.cluster:
            store.command("SYSTEM SYNC REPLICA schema_migrations")
        new = _new(store)  # another process may have applied them meanwhile
        for migration in new:
            for statement in re.split(r";\s*\n", migration.text):
                if statement.strip():
                    for each in store.layout.migration(statement.strip().rstrip(";")):
                        store.command(each)
            store.command(
                "INSERT INTO schema_migrations VALUES ({name:String}, {sha256:String}, now64(3))",
                {"name": migration.name, "sha256": migration.sha256},
            )
    return [migration.name for migration in new]


def _new(store: Store) -> list[_Migration]:
    rows = store.query("SELECT name, sha256 FROM schema_migrations").to_pylist()
    applied = {row["name"]: row["sha256"] for row in rows}
    folder = resources.files("schema") / "migrations"
    new = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            migration = _Migration(file.name, file.read_text(encoding="utf-8"))
            before = applied.get(migration.name)
            if before is None:
                new.append(migration)
            elif before != migration.sha256:
                raise MigrationChangedError(
                    f"{migration.name} was changed after this store applied it; add a new migration"
                )
    return new


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold a lock in the store: a view that one process at a time can create, with the time of its creation.

    A cluster creates it on its servers in one order, so it is one lock for all of them. A view that is too old is
    abandoned: its holder died. It is dropped after some seconds.
    """
    unheld = time.monotonic()
    while not _taken(store):
        if _held(store):
            unheld = time.monotonic()
        elif time.monotonic() - unheld > _ABANDONED_SECONDS:
            _release(store)
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        _release(store)


def _taken(store: Store) -> bool:
    now = int(store.command("SELECT toUnixTimestamp64Milli(now64(3))"))  # the clock that `_held` looks at
    since = f"SELECT fromUnixTimestamp64Milli(toInt64({now})) AS since"
    try:
        store.command(f"CREATE VIEW {store.layout.everywhere('migrating')} AS {since}")
    except QueryFailedError as error:
        if error.code != _TABLE_EXISTS:
            raise
        return False
    return True


def _held(store: Store) -> bool:
    if store.embedded:
        return False  # it lets one process in, and that is this one: the holder of the lock was killed
    # One from the future is from before the server's clock was set back.
    recent = "SELECT count() FROM migrating WHERE abs(dateDiff('second', since, now64(3))) < {longest:UInt32}"
    try:
        return bool(store.command(recent, {"longest": _LONGEST_SECONDS}))
    except QueryFailedError as error:
        if error.code != _NO_TABLE:
            raise
        return False  # it was released just now


def _release(store: Store) -> None:
    store.command(f"DROP TABLE IF EXISTS {store.layout.everywhere('migrating')} SYNC")
