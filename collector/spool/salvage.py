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

from collector.spool.file import create_tables, create_triggers, next_numbers, transaction
from collector.spool.ledger import count_uncounted_loss, every
from collector.spool.schema import MINUTE_NS
from collector.spool.seal import sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from collector.spool.tally import Tally

log = logging.getLogger(__name__)

_HIGHEST_ID: Final = 2**53  # a number beyond is damage
_UNKNOWN_IDS: Final = 10_000  # at most this many numbers were given since the highest that was written down
_PROBED_IDS: Final = 100_000  # numbers that are looked up one by one where no index says which there are
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
    """Return whether a salvage was done but for its last step, which `replace` repeats."""
    return _beside(path, ".salvaged").exists()


def salvage(path: Path, reason: str, tally: Tally, connection: sqlite3.Connection | None = None) -> None:
    """Copy what is readable into a new file, and put it in the place of the damaged one. Raises OSError, sqlite3.Error.

    What it cannot read it counts as lost in the ledger, as far as the file itself says; the rest does
    collector/jobs/spool_audit.py. An open `connection` reads what was deleted.
    """
    _let_the_log_be_read(path)
    building = _beside(path, ".building")
    for leftover in (building, _beside(building, "-journal")):
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


def _let_the_log_be_read(path: Path) -> None:
    """Give an emptied file a page: SQLite deletes the log of a file without one, and the log holds what came last."""
    with contextlib.suppress(FileNotFoundError):
        if not path.stat().st_size and _beside(path, "-wal").exists():
            os.truncate(path, _PAGE_BYTES)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


class _Salvage:
    """From one open file into another, row by row: a spool can be larger than memory."""

    def __init__(self, old: sqlite3.Connection, new: sqlite3.Connection, tally: Tally) -> None:
        self._old = old
        self._new = new
        self._whole = True
        self._tally = tally
        highest = tally.read().highest_id
        self._highest_id = min(_HIGHEST_ID, highest + _UNKNOWN_IDS) if highest else _HIGHEST_ID

    def run(self) -> str:
        """Copy everything that can be read; return in words what was kept."""
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
        # The file may be older than it was: what waits in it may be stored already, and is looked for there first.
        self._new.execute(_BATCHES, (f"salvaged-{uuid.uuid4().hex}-",))
        self._new.execute(TOTAL)
        self._take_newer_counts()
        lost = self._reconcile()
        for table, number in zip(("request", "ledger"), numbers, strict=True):
            self._go_on_above(table, number)
        create_triggers(self._new)
        if not self._whole and not self._tally.read().complete:
            count_uncounted_loss(self._new, time.time_ns() // MINUTE_NS)
        return f"{kept} requests were kept and {lost} could not be read"

    def _go_on_above(self, table: str, number: int) -> None:
        """Let the next number of a table be one that was never given."""
        query = f"select seq from sqlite_sequence where name = '{table}'"  # noqa: S608 - names of our own
        given = next(self._values(query), (0,))[0]
        given = given if isinstance(given, int) and given < _HIGHEST_ID else 0
        known = self._new.execute(query).fetchone()
        if not number and not self._whole:
            number = time.time_ns() // 1_000
        self._new.execute("delete from sqlite_sequence where name = ?", (table,))
        highest = max(number, given, known[0] if known else 0)
        self._new.execute("insert into sqlite_sequence values (?, ?)", (table, highest))

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._new.execute(f"pragma table_info({table})").fetchall()]

    def _copy_both_ways(self, table: str) -> None:
        """Copy a table without numbers: up to the damage, and from the end back to it."""
        columns = self._columns(table)
        whole_before, self._whole = self._whole, True
        for direction in ("", "desc"):
            query = f"select {', '.join(columns)} from {table} order by {columns[0]} {direction}"  # noqa: S608 - names of our own
            for row in self._values(query):
                self._insert(table, columns, row)
            if self._whole:
                break
        self._whole = self._whole and whole_before

    def _copy(self, table: str) -> int:
        columns = self._columns(table)
        return sum(self._insert(table, columns, row) for row in self._walk(table, ", ".join(columns)))

    def _insert(self, table: str, columns: list[str], row: tuple[Any, ...]) -> bool:
        if not self._is_sound(table, row):
            self._whole = False
            return False
        try:
            places = ", ".join("?" * len(columns))
            self._new.execute(f"insert into {table} ({', '.join(columns)}) values ({places})", row)  # noqa: S608 - names of our own
        except (
            sqlite3.IntegrityError,
            sqlite3.InterfaceError,
            UnicodeEncodeError,
        ):  # damage that reads as another type, or as a row twice
            self._whole = False
            return False
        return True

    def _is_sound(self, table: str, row: tuple[Any, ...]) -> bool:
        """Return whether the numbers of a row can be: a request of the highest number would be the last one."""
        limit = self._highest_id if table == "request" else _HIGHEST_ID
        return all(
            0 <= value <= (limit if place == 0 else _LATEST)
            for place, value in enumerate(row)
            if isinstance(value, int)
        )

    def _values(self, query: str, parameters: tuple[int, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows up to the first that cannot be read."""
        try:
            cursor = self._old.execute(query, parameters)
            while (row := cursor.fetchone()) is not None:
                yield row
        except (sqlite3.DatabaseError, UnicodeDecodeError, MemoryError):  # a length that is damaged can be any
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
            given = next(self._values("select seq from sqlite_sequence where name = '" + table + "'"), (low,))[0]  # noqa: S608 - names of our own
            high = min(given if isinstance(given, int) else _HIGHEST_ID, self._highest_id) + 1
            for row in self._values(f"{query} where id > ? order by id desc", (low,)):
                high = int(row[0])
                yield row
            if not self._whole:
                for between in self._between(table, low, high):
                    yield from self._values(f"{query} where id = ?", (between,))
            whole_before = False
        self._whole = whole_before

    def _between(self, table: str, low: int, high: int) -> Iterable[int]:
        """Return the ids to look for between two others: those that an index has, if it can be read."""
        if high - low <= _PROBED_IDS or table != "request":
            return range(low + 1, min(high, low + _PROBED_IDS))
        # Another tree than that of the rows, so it may be whole.
        known = self._values(
            "select id from request indexed by request_queue where id > ? and id < ? order by state, key_name, id",
            (low, high),
        )
        return [number for (number,) in known if isinstance(number, int)]

    def _take_newer_counts(self) -> None:
        """Take the counts beside the file for entries that are missing, older, or do not add up."""
        there = {(each.key_name, each.signal, each.minute): each for each in every(self._new)}
        for slot, noted in self._tally.read().entries.items():
            entry = there.get(slot)
            if entry is not None and entry.version >= noted.version and entry.adds_up:
                continue
            if entry is None and noted.is_forgotten(slot[2]):
                continue
            self._new.execute("delete from ledger where key_name = ? and signal = ? and minute = ?", slot)
            values = {name: count for name, count in noted.counts.items() if count}
            self._new.execute(
                f"insert or replace into ledger (id, key_name, signal, minute, version, {', '.join(values)})"  # noqa: S608 - names of our own
                f" values (?, ?, ?, ?, ?, {', '.join('?' * len(values))})",
                (noted.entry, *slot, noted.version, *values.values()),
            )

    def _reconcile(self) -> int:
        """Bring the ledger in line with the requests that are there; return how many are missing."""
        there: dict[tuple[str, str, int], dict[str, int]] = {}
        for key_name, signal, minute, state, requests, spans in self._new.execute(_OPEN).fetchall():
            found = there.setdefault((key_name, signal, minute), {})
            found[f"{state}_requests"], found[f"{state}_spans"] = requests, spans
        for slot in there:
            self._new.execute("insert or ignore into ledger (key_name, signal, minute) values (?, ?, ?)", slot)
        lost = 0
        for entry in every(self._new):
            found = there.get((entry.key_name, entry.signal, entry.minute), {})
            counts = entry.counts | dict.fromkeys(_OPEN_COUNTS, 0) | found
            for unit in ("requests", "spans"):
                open_before = entry.counts[f"waiting_{unit}"] + entry.counts[f"quarantined_{unit}"]
                missing = open_before - counts[f"waiting_{unit}"] - counts[f"quarantined_{unit}"]
                counts[f"lost_{unit}"] += max(0, missing)
                # More than the entry knew: they came back, and will be stored again; or it is not whole itself.
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
