"""Salvage of a damaged spool: copy the readable rows into a new file, and set the old file aside, never delete it.

The caller holds an exclusive lock on the spool's directory (collector/spool/place.py).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from collector.spool.file import create_tables, create_triggers, next_numbers, transaction
from collector.spool.key_files import sync_directory
from collector.spool.ledger import count_uncounted_loss, every
from collector.spool.schema import MINUTE_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from collector.spool.tally import Tally

log = logging.getLogger(__name__)

_HIGHEST_ID: Final = 2**53  # a higher id is damage
_UNKNOWN_IDS: Final = 10_000  # at most this many ids were assigned since the highest one in the tally
_PROBED_IDS: Final = 100_000  # ids to look up one by one if no index lists them
_PAGE_BYTES: Final = 4_096
_LATEST: Final = 4 * 10**18  # ns: the year 2096
_OPEN: Final = (
    f"select key_name, signal, received_at / {MINUTE_NS}, state, count(*), sum(spans) from request group by 1, 2, 3, 4"  # noqa: S608 - a number of ours
)
_OPEN_COUNTS: Final = ("waiting_requests", "waiting_spans", "quarantined_requests", "quarantined_spans")
_BATCHES: Final = "update request set batch = ? || (id / 64) where state = 'waiting' and batch is null"
TOTAL: Final = (
    "update total set (requests, spans, bytes) ="
    " (select count(*), coalesce(sum(spans), 0), coalesce(sum(bytes), 0) from request where state = total.state)"
)


def interrupted(path: Path) -> bool:
    """Return whether a salvage stopped before its last step; `replace` completes it."""
    return _with_suffix(path, ".salvaged").exists()


def salvage(path: Path, reason: str, tally: Tally, connection: sqlite3.Connection | None = None) -> None:
    """Copy the readable rows into a new file, and replace the damaged file with it. Raises OSError, sqlite3.Error.

    Unreadable requests are counted as lost in the ledger, as far as the file itself lists them;
    collector/jobs/spool_audit.py finds the others. An open `connection` can still read a deleted file.
    """
    _keep_log_readable(path)
    building = _with_suffix(path, ".building")
    for leftover in (building, _with_suffix(building, "-journal")):
        leftover.unlink(missing_ok=True)
    os.close(os.open(building, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        contextlib.nullcontext(connection)
        if connection
        else contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old,
        contextlib.closing(sqlite3.connect(building, isolation_level=None)) as new,
    ):
        new.execute("pragma auto_vacuum = incremental")
        new.execute("pragma synchronous = full")
        with transaction(new):
            kept = _Salvage(old, new, tally).run()
    building.rename(_with_suffix(path, ".salvaged"))
    aside = replace(path)
    log.error("the spool %s is damaged (%s): %s; the damaged file is kept as %s", path, reason, kept, aside)


def replace(path: Path) -> Path:
    """Set the damaged file and its log aside, move the new file into place, and return the damaged file's new path."""
    aside = _with_suffix(path, f".damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:4]}")
    for suffix in ("-wal", "-shm", ""):  # the new file must not meet the old one's log
        with contextlib.suppress(FileNotFoundError):
            _with_suffix(path, suffix).rename(_with_suffix(aside, suffix))
    _with_suffix(path, ".salvaged").rename(path)
    sync_directory(path.parent)
    return aside


def _keep_log_readable(path: Path) -> None:
    """Extend an emptied file to one page. SQLite deletes the log of an empty file, and the log has the latest rows."""
    with contextlib.suppress(FileNotFoundError):
        if not path.stat().st_size and _with_suffix(path, "-wal").exists():
            os.truncate(path, _PAGE_BYTES)


def _with_suffix(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


class _Salvage:
    """Copies one open file into another, row by row: a spool can be larger than memory."""

    def __init__(self, old: sqlite3.Connection, new: sqlite3.Connection, tally: Tally) -> None:
        self._old = old
        self._new = new
        self._intact = True
        self._tally = tally
        highest = tally.read().highest_id
        self._highest_id = min(_HIGHEST_ID, highest + _UNKNOWN_IDS) if highest else _HIGHEST_ID

    def run(self) -> str:
        """Copy every readable row; return a sentence with the numbers of kept and lost requests."""
        collector, *numbers = next_numbers(self._tally)
        if not self._tally.exists():
            collector = next(self._values("select id from collector"), (collector,))[0]
        create_tables(self._new, collector)
        self._copy("seal")
        kept = self._copy("request")
        self._copy("ledger")
        for table in ("seen", "refusal", "figure"):
            self._copy_both_ways(table)
        self._new.execute("insert or ignore into seen select digest, id, received_at from request")
        self._new.execute("update request set bytes = length(sealed)")
        # The file may be an old state: its waiting requests may be stored already. With a batch, the store is checked.
        self._new.execute(_BATCHES, (f"salvaged-{uuid.uuid4().hex}-",))
        self._new.execute(TOTAL)
        self._take_newer_counts()
        lost = self._reconcile()
        for table, number in zip(("request", "ledger"), numbers, strict=True):
            self._set_next_id(table, number)
        create_triggers(self._new)
        if not self._intact and not self._tally.read().complete:
            count_uncounted_loss(self._new, time.time_ns() // MINUTE_NS)
        return f"{kept} requests were kept and {lost} could not be read"

    def _set_next_id(self, table: str, number: int) -> None:
        """Make the next id of a table one that was never used."""
        query = f"select seq from sqlite_sequence where name = '{table}'"  # noqa: S608 - names of our own
        last = next(self._values(query), (0,))[0]
        last = last if isinstance(last, int) and last < _HIGHEST_ID else 0
        known = self._new.execute(query).fetchone()
        if not number and not self._intact:
            number = time.time_ns() // 1_000
        self._new.execute("delete from sqlite_sequence where name = ?", (table,))
        highest = max(number, last, known[0] if known else 0)
        self._new.execute("insert into sqlite_sequence values (?, ?)", (table, highest))

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._new.execute(f"pragma table_info({table})").fetchall()]

    def _copy_both_ways(self, table: str) -> None:
        """Copy a table without numeric ids: from the start to the damage, then from the end back to it."""
        columns = self._columns(table)
        intact_before, self._intact = self._intact, True
        for direction in ("", "desc"):
            query = f"select {', '.join(columns)} from {table} order by {columns[0]} {direction}"  # noqa: S608 - names of our own
            for row in self._values(query):
                self._insert(table, columns, row)
            if self._intact:
                break
        self._intact = self._intact and intact_before

    def _copy(self, table: str) -> int:
        columns = self._columns(table)
        return sum(self._insert(table, columns, row) for row in self._walk(table, ", ".join(columns)))

    def _insert(self, table: str, columns: list[str], row: tuple[Any, ...]) -> bool:
        if not self._is_sound(table, row):
            self._intact = False
            return False
        try:
            places = ", ".join("?" * len(columns))
            self._new.execute(f"insert into {table} ({', '.join(columns)}) values ({places})", row)  # noqa: S608 - names of our own
        except (
            sqlite3.IntegrityError,
            sqlite3.InterfaceError,
            UnicodeEncodeError,
        ):  # damage that reads as another type, or as a row twice
            self._intact = False
            return False
        return True

    def _is_sound(self, table: str, row: tuple[Any, ...]) -> bool:
        """Return whether a row's numbers are plausible: the highest possible id would leave none for new requests."""
        limit = self._highest_id if table == "request" else _HIGHEST_ID
        return all(
            0 <= value <= (limit if place == 0 else _LATEST)
            for place, value in enumerate(row)
            if isinstance(value, int)
        )

    def _values(self, query: str, parameters: tuple[int, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows up to the first unreadable one."""
        try:
            cursor = self._old.execute(query, parameters)
            while (row := cursor.fetchone()) is not None:
                yield row
        except (sqlite3.DatabaseError, UnicodeDecodeError, MemoryError):  # a damaged length can have any value
            self._intact = False

    def _walk(self, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows from the start to the damage, then from the end back to it, then those in between by id."""
        query = f"select {columns} from {table}"  # noqa: S608 - names of our own
        intact_before, self._intact = self._intact, True
        low = 0
        for row in self._values(f"{query} order by id"):
            low = int(row[0])
            yield row
        if not self._intact:
            self._intact = True
            last = next(self._values("select seq from sqlite_sequence where name = '" + table + "'"), (low,))[0]  # noqa: S608 - names of our own
            high = min(last if isinstance(last, int) else _HIGHEST_ID, self._highest_id) + 1
            for row in self._values(f"{query} where id > ? order by id desc", (low,)):
                high = int(row[0])
                yield row
            if not self._intact:
                for between in self._between(table, low, high):
                    yield from self._values(f"{query} where id = ?", (between,))
            intact_before = False
        self._intact = intact_before

    def _between(self, table: str, low: int, high: int) -> Iterable[int]:
        """Return the ids to look up between two others: the ids in an index, if it is readable."""
        if high - low <= _PROBED_IDS or table != "request":
            return range(low + 1, min(high, low + _PROBED_IDS))
        # The index is stored in other pages than the rows, so it may be intact.
        known = self._values(
            "select id from request indexed by request_queue where id > ? and id < ? order by state, key_name, id",
            (low, high),
        )
        return [number for (number,) in known if isinstance(number, int)]

    def _take_newer_counts(self) -> None:
        """Take the counts from the tally for entries that are missing, older, or do not add up."""
        present = {(each.key_name, each.signal, each.minute): each for each in every(self._new)}
        for slot, tallied in self._tally.read().entries.items():
            entry = present.get(slot)
            if entry is not None and entry.version >= tallied.version and entry.adds_up:
                continue
            if entry is None and tallied.is_forgotten(slot[2]):
                continue
            self._new.execute("delete from ledger where key_name = ? and signal = ? and minute = ?", slot)
            values = {name: count for name, count in tallied.counts.items() if count}
            self._new.execute(
                f"insert or replace into ledger (id, key_name, signal, minute, version, {', '.join(values)})"  # noqa: S608 - names of our own
                f" values (?, ?, ?, ?, ?, {', '.join('?' * len(values))})",
                (tallied.entry, *slot, tallied.version, *values.values()),
            )

    def _reconcile(self) -> int:
        """Make the ledger agree with the requests that were copied; return the number of missing ones."""
        copied: dict[tuple[str, str, int], dict[str, int]] = {}
        for key_name, signal, minute, state, requests, spans in self._new.execute(_OPEN).fetchall():
            open_counts = copied.setdefault((key_name, signal, minute), {})
            open_counts[f"{state}_requests"], open_counts[f"{state}_spans"] = requests, spans
        for slot in copied:
            self._new.execute("insert or ignore into ledger (key_name, signal, minute) values (?, ?, ?)", slot)
        lost = 0
        for entry in every(self._new):
            open_counts = copied.get((entry.key_name, entry.signal, entry.minute), {})
            counts = entry.counts | dict.fromkeys(_OPEN_COUNTS, 0) | open_counts
            for unit in ("requests", "spans"):
                open_before = entry.counts[f"waiting_{unit}"] + entry.counts[f"quarantined_{unit}"]
                missing = open_before - counts[f"waiting_{unit}"] - counts[f"quarantined_{unit}"]
                counts[f"lost_{unit}"] += max(0, missing)
                # More open requests than counted: stored ones are back in the queue, or the entry itself is damaged.
                back = min(max(0, -missing), counts[f"stored_{unit}"])
                counts[f"stored_{unit}"] -= back
                counts[f"accepted_{unit}"] += max(0, -missing) - back
            if counts != entry.counts:
                changes = ", ".join(f"{name} = ?" for name in counts)
                self._new.execute(
                    f"update ledger set version = version + 1, {changes} where id = ?",  # noqa: S608 - names of our own
                    (*counts.values(), entry.id),
                )
            lost += counts["lost_requests"] - entry.counts["lost_requests"]
        return lost
