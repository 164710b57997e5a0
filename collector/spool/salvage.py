"""A spool whose file is damaged: what can be read goes into a new file, and the old one is set aside, never deleted.

The caller holds the spool's directory locked for itself alone (collector/spool/spool.py).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from collector.spool.file import create_tables, create_triggers, transaction
from collector.spool.schema import MINUTE_NS
from collector.spool.seal import sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

_SPARE_IDS: Final = 1_000_000  # between the ids that could be read and the next new one
_OPEN: Final = (
    f"select key_name, signal, received_at / {MINUTE_NS}, state, count(*), sum(spans) from request group by 1, 2, 3, 4"  # noqa: S608 - a number of ours
)
_OPEN_COUNTS: Final = ("waiting_requests", "waiting_spans", "quarantined_requests", "quarantined_spans")
_CORRECT: Final = (
    "update ledger set version = version + 1, lost_requests = lost_requests + ?, lost_spans = lost_spans + ?,"
    " accepted_requests = accepted_requests + ?, accepted_spans = accepted_spans + ?, waiting_requests = ?,"
    " waiting_spans = ?, quarantined_requests = ?, quarantined_spans = ? where id = ?"
)
_TOTAL: Final = (
    "update total set (requests, spans, bytes) ="
    " (select count(*), coalesce(sum(spans), 0), coalesce(sum(bytes), 0) from request where state = total.state)"
)


def interrupted(path: Path) -> bool:
    """Return whether a salvage was done but for its last step, which `replace` repeats."""
    return _beside(path, ".salvaged").exists()


def salvage(path: Path, reason: str) -> None:
    """Copy what is readable into a new file, and put it in the place of the damaged one. Raises OSError, sqlite3.Error.

    What it cannot read it counts as lost in the ledger.
    """
    building = _beside(path, ".building")
    for leftover in (building, _beside(building, "-journal")):
        leftover.unlink(missing_ok=True)
    os.close(os.open(building, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old,
        contextlib.closing(sqlite3.connect(building, isolation_level=None)) as new,
    ):
        new.execute("pragma auto_vacuum = incremental")
        new.execute("pragma synchronous = full")
        with transaction(new):
            kept = _Salvage(old, new).run()
    building.rename(_beside(path, ".salvaged"))
    aside = replace(path)
    log.error("the spool %s is damaged (%s): %s; the damaged file is kept as %s", path, reason, kept, aside)


def replace(path: Path) -> Path:
    """Set the damaged file and its log aside, put the new one there, and return where the damaged one is now."""
    aside = _beside(path, f".damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:4]}")
    for suffix in ("-wal", "-shm", ""):  # the new file must not meet the old one's log
        with contextlib.suppress(FileNotFoundError):
            _beside(path, suffix).rename(_beside(aside, suffix))
    _beside(path, ".salvaged").rename(path)
    sync_directory(path.parent)
    return aside


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


class _Salvage:
    """From one open file into another, row by row: a spool can be larger than memory."""

    def __init__(self, old: sqlite3.Connection, new: sqlite3.Connection) -> None:
        self._old = old
        self._new = new
        self._whole = True

    def run(self) -> str:
        """Copy everything that can be read; return in words what was kept."""
        collector = next(self._values("select id from collector"), (uuid.uuid4().hex,))[0]
        create_tables(self._new, collector)
        self._copy("seal")
        kept = self._copy("request")
        self._copy("ledger")
        for table in ("seen", "refusal", "figure"):
            columns = self._columns(table)
            for row in self._values(f"select {', '.join(columns)} from {table}"):  # noqa: S608 - names of our own
                self._insert(table, columns, row)
        self._new.execute(_TOTAL)
        lost = self._reconcile()
        if not self._whole:
            self._new.execute("update sqlite_sequence set seq = seq + ?", (_SPARE_IDS,))
        create_triggers(self._new)
        return f"{kept} requests were kept and {lost} could not be read"

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._new.execute(f"pragma table_info({table})").fetchall()]

    def _copy(self, table: str) -> int:
        columns = self._columns(table)
        return sum(self._insert(table, columns, row) for row in self._walk(table, ", ".join(columns)))

    def _insert(self, table: str, columns: list[str], row: tuple[Any, ...]) -> bool:
        try:
            places = ", ".join("?" * len(columns))
            self._new.execute(f"insert into {table} ({', '.join(columns)}) values ({places})", row)  # noqa: S608 - names of our own
        except (sqlite3.IntegrityError, sqlite3.InterfaceError):  # damage that reads as another type, or as a row twice
            self._whole = False
            return False
        return True

    def _values(self, query: str, parameters: tuple[int, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows up to the first that cannot be read."""
        try:
            cursor = self._old.execute(query, parameters)
            while (row := cursor.fetchone()) is not None:
                yield row
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            self._whole = False

    def _walk(self, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows in order up to the damage, then from the end back to it, then those between by their ids."""
        query = f"select {columns} from {table}"  # noqa: S608 - names of our own
        whole_before, self._whole = self._whole, True
        low = 0
        for row in self._values(f"{query} order by id"):
            low = int(row[0])
            yield row
        if not self._whole:
            self._whole = True
            high = next(self._values("select seq from sqlite_sequence where name = '" + table + "'"), (low,))[0] + 1  # noqa: S608 - names of our own
            for row in self._values(f"{query} where id > ? order by id desc", (low,)):
                high = int(row[0])
                yield row
            if not self._whole:
                for between in range(low + 1, high):
                    yield from self._values(f"{query} where id = ?", (between,))
            whole_before = False
        self._whole = whole_before

    def _reconcile(self) -> int:
        """Bring the ledger in line with the requests that are there; return how many are missing."""
        there: dict[tuple[str, str, int], dict[str, int]] = {}
        for key_name, signal, minute, state, requests, spans in self._new.execute(_OPEN).fetchall():
            found = there.setdefault((key_name, signal, minute), {})
            found[f"{state}_requests"], found[f"{state}_spans"] = requests, spans
        for slot in there:
            self._new.execute("insert or ignore into ledger (key_name, signal, minute) values (?, ?, ?)", slot)
        lost = 0
        rows = self._new.execute(
            "select id, key_name, signal, minute, waiting_requests + quarantined_requests,"
            " waiting_spans + quarantined_spans from ledger"
            " where waiting_requests or quarantined_requests or not accepted_requests"
        ).fetchall()
        for number, key_name, signal, minute, requests, spans in rows:
            found = dict.fromkeys(_OPEN_COUNTS, 0) | there.get((key_name, signal, minute), {})
            requests -= found["waiting_requests"] + found["quarantined_requests"]  # noqa: PLW2901 - what is missing
            spans -= found["waiting_spans"] + found["quarantined_spans"]  # noqa: PLW2901 - the same
            lost += max(0, requests)
            self._new.execute(
                _CORRECT,
                # More than the entry knew: it was not readable itself, and is counted anew.
                (max(0, requests), max(0, spans), max(0, -requests), max(0, -spans),
                 *(found[name] for name in _OPEN_COUNTS), number),
            )  # fmt: skip
        return lost
