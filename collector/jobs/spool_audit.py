"""Audit of the spool: checks that it still holds what it acknowledged, and corrects its ledger from other sources.

A file that was damaged, emptied, deleted or restored from an old copy does not know what it held. Three other sources
do: the tally (collector/spool/tally.py), the ledger's copy in the store, and the rows in the store, which carry the
receipt time of their request. Requests that these count as accepted and that are nowhere are lost.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from collector.spool import ledger as spool_ledger
from collector.spool.file import snapshot, transaction
from collector.spool.salvage import TOTAL
from collector.spool.schema import COUNTS, MINUTE_NS
from schema.ledger_copy import LEDGER_SCHEMA, TABLES, entries, received

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from collector.spool.ledger import Entry
    from collector.spool.spool import Spool
    from collector.spool.tally import Counts, Slot
    from schema.store.store import Store

log = logging.getLogger(__name__)

_UNITS: Final = ("requests", "spans")
_PASSING: Final = ("waiting", "quarantined")
_ENDED: Final = ("stored", "waiting", "quarantined", "dropped", "lost")
_SUMS: Final = (*COUNTS, "uncounted_requests", "unredacted_spans", "uncounted_losses")
_REQUESTS: Final = (
    f"select key_name, signal, received_at / {MINUTE_NS}, state, count(*), sum(spans),"  # noqa: S608 - a number of ours
    " count(*) filter (where batch like 'salvaged-%') from request group by 1, 2, 3, 4"
)
_OF_MINUTE: Final = (
    "select id, received_at, key_name, spans, state from request where signal = ? and received_at >= ?"
    " and received_at < ?"
)
_REFUSE: Final = "insert or ignore into refusal values (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Audit:
    """Result of an audit: the number of corrected entries, and the losses since the last audit."""

    corrected: int = 0
    lost_requests: int = 0
    lost_spans: int = 0


@dataclass(slots=True)
class _Sources:
    """Counts by slot from each source: the spool's ledger, its requests, the tally, the copy in the store."""

    ledger: dict[Slot, Entry]
    open: dict[Slot, Counter[str]]
    tally: Counts
    copies: dict[Slot, dict[str, Any]]
    others: dict[Slot, Counter[str]] = field(default_factory=dict)
    """Stored counts of other collectors with the same store, and of this one's entries with other ids."""

    def known(self, slot: Slot) -> Counter[str]:
        """Return the highest version, and the highest of each count that never falls, of the tally and the copy."""
        tallied, copy, entry = self.tally.entries.get(slot), self.copies.get(slot), self.ledger.get(slot)
        highest: Counter[str] = Counter()
        if tallied is not None and (entry is None or tallied.entry == entry.id or not tallied.forgotten):
            highest |= Counter(tallied.counts) | Counter(version=tallied.version)
        if copy is not None:
            highest |= Counter({name: int(copy[name]) for name in (*_SUMS, "version")})
        return Counter({name: count for name, count in highest.items() if not name.startswith(_PASSING)})

    def is_sound(self, slot: Slot) -> bool:
        """Return whether the ledger's entry adds up, fits the spool's requests and is not behind other sources."""
        entry, known = self.ledger.get(slot), self.known(slot)
        held = self.open.get(slot, Counter())
        if entry is None:  # forgotten, because it was copied and had no open request
            return not held and all(_is_ended(known, unit) for unit in _UNITS)
        counts = Counter(entry.counts)
        if (
            entry.counts["lost_requests"] or held["salvaged_requests"]
        ):  # only the file counts these: check the store too
            return False
        behind = ("accepted",) if entry.version > known["version"] else ("accepted", "stored", "dropped")
        return known["version"] <= entry.version and all(
            _is_ended(counts, unit)
            and all(counts[f"{state}_{unit}"] == held[f"{state}_{unit}"] for state in _PASSING)
            and all(counts[f"{state}_{unit}"] >= known[f"{state}_{unit}"] for state in behind)
            for unit in _UNITS
        )

    def slots(self) -> set[Slot]:
        return {*self.ledger, *self.open, *self.tally.entries, *self.copies}


def audit(spool: Spool, store: Store) -> Audit:
    """Correct the ledger of a spool; write nothing if it is correct. Raises SpoolError or StoreError."""
    tally = spool.tally.read()  # before the ledger: the ledger is never behind the tally
    with spool.opened() as connection, snapshot(connection):
        sources = _sources(connection, store, tally)
    if all(slot[2] < 0 or sources.is_sound(slot) for slot in sources.slots()):
        return Audit()
    with spool.opened() as connection, transaction(connection):
        sources = _sources(connection, store, spool.tally.read())
        wrong = sorted(slot for slot in sources.slots() if slot[2] >= 0 and not sources.is_sound(slot))
        result = _correct(connection, store, sources, wrong)
        connection.execute(TOTAL)
        if result.corrected and not sources.tally.complete:
            spool_ledger.count_uncounted_loss(connection, time.time_ns() // MINUTE_NS)
    with spool.opened() as connection:
        spool.note_counts(connection, wrong)
    if result.lost_requests:
        log.error(
            "%d acknowledged requests with %d spans were lost with the damaged spool: the ledger counts them as lost",
            result.lost_requests,
            result.lost_spans,
        )
    return result


def close_abandoned(spool: Spool, store: Store) -> int:
    """Count requests of missing spools, known from the embedded store, as lost; return their number.

    An embedded store belongs to one data directory, so entries of another collector id come from an earlier spool here.
    """
    if not store.embedded:
        return 0
    with spool.opened() as connection:
        ours = spool_ledger.collector_id(connection)
    gone = [
        row
        for row in entries(store, datetime.now(UTC))
        if row["collector"] != ours and (row["waiting_requests"] or row["quarantined_requests"])
    ]
    if not gone:
        return 0
    lost = 0
    for row in gone:
        for unit in _UNITS:
            missing = int(row[f"waiting_{unit}"]) + int(row[f"quarantined_{unit}"])
            row[f"lost_{unit}"] = int(row[f"lost_{unit}"]) + missing
            row[f"waiting_{unit}"] = row[f"quarantined_{unit}"] = 0
            lost += missing if unit == "requests" else 0
        row["minute"] = int(row["minute"]) * 60
        row["version"] = int(row["version"]) + 1
        row["uncounted_losses"] = int(row["uncounted_losses"]) + 1
    store.insert("ledger", pa.RecordBatch.from_pylist(gone, schema=LEDGER_SCHEMA), token=uuid.uuid4().hex)
    log.error("%d requests waited in a spool that is missing: the ledger counts them as lost", lost)
    return lost


def _sources(connection: sqlite3.Connection, store: Store, tally: Counts) -> _Sources:
    held: dict[Slot, Counter[str]] = {}
    for key_name, signal, minute, state, requests, spans, salvaged in connection.execute(_REQUESTS).fetchall():
        counts = held.setdefault((key_name, signal, minute), Counter())
        counts["salvaged_requests"] += salvaged
        counts[f"{state}_requests"], counts[f"{state}_spans"] = requests, spans
    ledger = {(entry.key_name, entry.signal, entry.minute): entry for entry in spool_ledger.every(connection)}
    collector = spool_ledger.collector_id(connection)
    minutes = [minute for _, _, minute in {*held, *ledger, *tally.entries} if minute >= 0]
    # Clamped to the range of the column, because a damaged row may have any minute.
    start = datetime.fromtimestamp(min([*minutes, time.time_ns() // MINUTE_NS]) * 60, UTC)
    copies: dict[Slot, dict[str, Any]] = {}
    others: dict[Slot, Counter[str]] = {}
    for row in sorted(entries(store, start), key=lambda row: int(row["version"])):
        slot = (row["key_name"], row["signal"], int(row["minute"]))
        if row["collector"] == collector and _is_same(row, ledger.get(slot)):
            copies[slot] = row
        else:
            others.setdefault(slot, Counter()).update({f"stored_{unit}": int(row[f"stored_{unit}"]) for unit in _UNITS})
    return _Sources(ledger, held, tally, copies, others)


def _is_same(row: dict[str, Any], entry: Entry | None) -> bool:
    """Return whether a copy belongs to the spool's entry. If the clock was set back, a minute has two entries."""
    is_open = row["waiting_requests"] or row["quarantined_requests"]
    return entry is None or int(row["entry"]) == entry.id or bool(is_open)


def _correct(connection: sqlite3.Connection, store: Store, sources: _Sources, wrong: list[Slot]) -> Audit:
    corrected = lost_requests = lost_spans = 0
    for signal, minute in sorted({slot[1:] for slot in wrong}):
        slots = [slot for slot in wrong if slot[1:] == (signal, minute)]
        again, unclaimed = _stored_rows(connection, store, sources, signal, minute, set(slots))
        for slot in slots:
            counts = _counts(sources, slot, again.get(slot[0], Counter()), unclaimed)
            entry = sources.ledger.get(slot)
            before = entry.counts if entry else {}
            if (
                {name: counts[name] for name in _SUMS} == before
                and entry
                and entry.version >= sources.known(slot)["version"]
            ):
                continue
            lost_requests += max(0, counts["lost_requests"] - before.get("lost_requests", 0))
            lost_spans += max(0, counts["lost_spans"] - before.get("lost_spans", 0))
            _write(connection, sources, slot, counts)
            corrected += 1
    return Audit(corrected, lost_requests, lost_spans)


def _stored_rows(  # noqa: PLR0913, PLR0917 - all facts about a minute
    connection: sqlite3.Connection, store: Store, sources: _Sources, signal: str, minute: int, wrong: set[Slot]
) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Look up the requests of a minute in the store.

    Return, by key, the counts of stored requests that wait in the spool again (they get a batch, so that recovery
    checks the store before inserting them), and the counts of stored requests that no entry claims.
    """
    start, end = minute * MINUTE_NS, (minute + 1) * MINUTE_NS
    rows = received(store, signal, start, end) if signal in TABLES else {}
    again: dict[str, Counter[str]] = {}
    numbers = []
    for number, instant, key_name, spans, state in connection.execute(_OF_MINUTE, (signal, start, end)).fetchall():
        if rows.pop(instant, 0) and state == "waiting":
            numbers.append(number)
            again.setdefault(key_name, Counter()).update(requests=1, spans=spans)
    batch = f"stored-before-{uuid.uuid4().hex}"
    connection.executemany(
        "update request set batch = ? where id = ? and state = 'waiting' and batch is null",
        [(batch, number) for number in numbers],
    )
    unclaimed = Counter(requests=len(rows), spans=sum(rows.values()))
    for slot in {slot for slot in {*sources.slots(), *sources.others} if slot[1:] == (signal, minute)}:
        counts, came_back = sources.known(slot), Counter[str]()
        if slot in wrong:
            came_back = again.get(slot[0], Counter())
        elif slot in sources.ledger:
            counts = Counter(sources.ledger[slot].counts)
        others = sources.others.get(slot, Counter())
        for unit in _UNITS:
            unclaimed[unit] -= max(0, counts[f"stored_{unit}"] - came_back[unit]) + others[f"stored_{unit}"]
    return again, unclaimed


def _counts(sources: _Sources, slot: Slot, again: Counter[str], unclaimed: Counter[str]) -> Counter[str]:
    """Return the corrected counts of a slot, and subtract its newly claimed rows from `unclaimed`."""
    known, held = sources.known(slot), sources.open.get(slot, Counter())
    entry = sources.ledger.get(slot)
    counts = Counter({name: known[name] for name in _SUMS})
    if entry is not None and (not known or (entry.adds_up and entry.version >= known["version"])):
        counts |= Counter(entry.counts)  # the other sources do not have the entry, or not its latest state
    for unit in _UNITS:
        counts[f"waiting_{unit}"], counts[f"quarantined_{unit}"] = held[f"waiting_{unit}"], held[f"quarantined_{unit}"]
        counts[f"stored_{unit}"] = max(0, counts[f"stored_{unit}"] - again[unit])
        present = sum(counts[f"{state}_{unit}"] for state in ("stored", "waiting", "quarantined", "dropped"))
        more = min(max(0, counts[f"accepted_{unit}"] - present), max(0, unclaimed[unit]))
        counts[f"stored_{unit}"] += more
        unclaimed[unit] -= more
        counts[f"lost_{unit}"] = max(0, counts[f"accepted_{unit}"] - present - more)
        counts[f"accepted_{unit}"] = present + more + counts[f"lost_{unit}"]
    version = max(known["version"], entry.version if entry else 0)
    return counts | Counter(version=version + 1)


def _write(connection: sqlite3.Connection, sources: _Sources, slot: Slot, counts: Counter[str]) -> None:
    """Write the entry into the spool's ledger, with the id of its copy in the store if there is one."""
    entry, copy, tallied = sources.ledger.get(slot), sources.copies.get(slot), sources.tally.entries.get(slot)
    number = int(copy["entry"]) if copy else entry.id if entry else tallied.entry if tallied else None
    if entry is not None:
        connection.execute("delete from ledger where id = ?", (entry.id,))
    taken = connection.execute("select count(*) from ledger where id = ?", (number,)).fetchone()[0]
    cursor = connection.execute(
        f"insert into ledger (id, key_name, signal, minute, version, {', '.join(_SUMS)})"  # noqa: S608 - our own names
        f" values (?, ?, ?, ?, ?, {', '.join('?' * len(_SUMS))})",
        (None if taken else number, *slot, counts["version"], *(counts[name] for name in _SUMS)),
    )
    if entry is not None:
        connection.execute("update or ignore refusal set entry = ? where entry = ?", (cursor.lastrowid, entry.id))
    if copy is not None:
        spans = dict(copy["rejected_spans"])
        refused: Mapping[str, int] = dict(copy["rejected_requests"])
        reasons: Iterable[str] = {*spans, *refused}
        connection.executemany(
            _REFUSE,
            [(cursor.lastrowid, reason, int(refused.get(reason, 0)), int(spans.get(reason, 0))) for reason in reasons],
        )


def _is_ended(counts: Counter[str], unit: str) -> bool:
    """Return whether accepted equals the sum of the other states."""
    return counts[f"accepted_{unit}"] == sum(counts[f"{state}_{unit}"] for state in _ENDED)
