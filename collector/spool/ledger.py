"""The ledger inside the spool's file: counting, reading changed entries, and forgetting old ones.

The caller passes its open connection. Functions that write run inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.spool.schema import COUNTS, MINUTE_NS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from collector.spool.records import Incoming, Signal

FORGOTTEN: Final = -1
"""The minute of the entry that sums up all forgotten minutes, so that totals never decrease."""

_SUMS: Final = (*COUNTS, "uncounted_requests", "unredacted_spans", "uncounted_losses")
_ENDED: Final = ("stored", "waiting", "quarantined", "dropped", "lost")
_ENTRY: Final = (
    "insert into ledger (key_name, signal, minute) values (?, ?, ?)"
    " on conflict (key_name, signal, minute) do update set version = version + 1 returning id"
)
_REFUSE: Final = (
    "insert into refusal values (?, ?, ?, ?) on conflict (entry, reason)"
    " do update set requests = requests + excluded.requests, spans = spans + excluded.spans"
)


class Refused(NamedTuple):
    """Requests of one minute that were refused for one reason. `spans` is the sum over requests that were decoded."""

    key_name: str
    signal: Signal
    minute: int
    reason: str
    requests: int
    spans: int
    uncounted_requests: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Counts of one key, signal and minute (of receipt, since 1970), at `version`."""

    id: int
    version: int
    key_name: str
    signal: str
    minute: int
    counts: dict[str, int]
    rejected_requests: dict[str, int] = field(default_factory=dict)
    rejected_spans: dict[str, int] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """Whether accepted equals the sum of the other states, in requests and in spans."""
        return all(
            self.counts[f"accepted_{unit}"] == sum(self.counts[f"{state}_{unit}"] for state in _ENDED)
            for unit in ("requests", "spans")
        )


def count_group(connection: sqlite3.Connection, requests: Sequence[tuple[Incoming, bool]], now: int) -> None:
    """Count the duplicates and the rejected spans of a group of requests that is being appended."""
    repeated: Counter[tuple[str, str, str]] = Counter()
    rejected: Counter[tuple[str, Signal, str]] = Counter()
    for request, duplicate in requests:
        if duplicate:
            repeated[request.key_name, request.signal, "requests"] += 1
            repeated[request.key_name, request.signal, "spans"] += request.spans
        for reason, spans in request.rejected.items():
            rejected[request.key_name, request.signal, reason] += spans
    minute = now // MINUTE_NS
    for key_name, signal in {(key_name, signal) for key_name, signal, _ in repeated}:
        connection.execute(
            "update ledger set deduplicated_requests = deduplicated_requests + ?,"
            " deduplicated_spans = deduplicated_spans + ? where id = ?",
            (*(repeated[key_name, signal, unit] for unit in ("requests", "spans")),
             _entry(connection, key_name, signal, minute)),
        )  # fmt: skip
    count_refused(
        connection,
        [
            Refused(key_name, signal, minute, reason, 0, spans, 0)
            for (key_name, signal, reason), spans in rejected.items()
        ],
    )


def count_refused(connection: sqlite3.Connection, refusals: Iterable[Refused]) -> None:
    """Add refused requests and their spans to the ledger."""
    for refused in refusals:
        entry = _entry(connection, refused.key_name, refused.signal, refused.minute)
        connection.execute(_REFUSE, (entry, refused.reason, refused.requests, refused.spans))
        connection.execute(
            "update ledger set uncounted_requests = uncounted_requests + ? where id = ?",
            (refused.uncounted_requests, entry),
        )


def changed(connection: sqlite3.Connection, limit: int) -> list[Entry]:
    """Return up to `limit` entries that changed since they were last copied."""
    return _entries(connection, "copied <> version and minute >= 0 order by id limit ?", (limit,))


def every(connection: sqlite3.Connection) -> list[Entry]:
    """Return all entries except the forgotten ones."""
    return _entries(connection, "minute >= 0", ())


def count_uncounted_loss(connection: sqlite3.Connection, minute: int) -> None:
    """Count one possible loss of unknown size. It belongs to no ingest key."""
    entry = _entry(connection, "", "traces", minute)
    connection.execute("update ledger set uncounted_losses = uncounted_losses + 1 where id = ?", (entry,))


def of_slots(connection: sqlite3.Connection, slots: Iterable[tuple[str, str, int]]) -> list[Entry]:
    """Return the entries of these keys, signals and minutes."""
    return _entries(
        connection,
        "(key_name, signal, minute) in (select value ->> 0, value ->> 1, value ->> 2 from json_each(?)) order by id",
        (json.dumps(sorted(slots)),),
    )


def mark_copied(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Store the version up to which each entry was copied. Entries that changed since then stay changed."""
    connection.executemany("update ledger set copied = ? where id = ?", [(one.version, one.id) for one in entries])


def forget(connection: sqlite3.Connection, before: int) -> None:
    """Merge entries of minutes before this one into the forgotten ones, if they are copied and have no open request."""
    old = _closed(connection, before)
    additions = ", ".join(f"{name} = {name} + ?" for name in _SUMS)
    for entry in old:
        forgotten = _entry(connection, entry.key_name, entry.signal, FORGOTTEN)
        connection.execute(
            f"update ledger set {additions}, copied = version where id = ?",  # noqa: S608 - names of our own
            (*(entry.counts[name] for name in _SUMS), forgotten),
        )
        connection.executemany(
            _REFUSE,
            [
                (forgotten, reason, count, entry.rejected_spans[reason])
                for reason, count in entry.rejected_requests.items()
            ],
        )
    ids = json.dumps([entry.id for entry in old])
    connection.execute("delete from refusal where entry in (select value from json_each(?))", (ids,))
    connection.execute("delete from ledger where id in (select value from json_each(?))", (ids,))


def closed(connection: sqlite3.Connection, before: int) -> list[tuple[str, str, int]]:
    """Return key, signal and minute of each entry that `forget` would merge."""
    return [(entry.key_name, entry.signal, entry.minute) for entry in _closed(connection, before)]


def totals(connection: sqlite3.Connection) -> list[Entry]:
    """Return the sums over all time, one entry a key and signal. Their ids and minutes have no meaning."""
    sums = ", ".join(f"sum({name})" for name in _SUMS)
    rows = connection.execute(
        f"select key_name, signal, {sums} from ledger group by key_name, signal order by key_name, signal"  # noqa: S608 - names of our own
    ).fetchall()
    entries = {
        (key_name, signal): Entry(0, 0, key_name, signal, FORGOTTEN, dict(zip(_SUMS, counts, strict=True)))
        for key_name, signal, *counts in rows
    }
    for key_name, signal, reason, requests, spans in connection.execute(
        "select key_name, signal, reason, sum(requests), sum(spans) from refusal join ledger on ledger.id = entry"
        " group by key_name, signal, reason order by reason"
    ).fetchall():
        entries[key_name, signal].rejected_requests[reason] = requests
        entries[key_name, signal].rejected_spans[reason] = spans
    return list(entries.values())


def collector_id(connection: sqlite3.Connection) -> str:
    """Return the random id of this file. It keeps the ledgers of several collectors apart in the store."""
    return str(connection.execute("select id from collector").fetchone()[0])


def _closed(connection: sqlite3.Connection, before: int) -> list[Entry]:
    return [
        entry
        for entry in _entries(connection, "minute >= 0 and minute < ? and copied = version", (before,))
        if not entry.counts["waiting_requests"] and not entry.counts["quarantined_requests"]
    ]


def _entry(connection: sqlite3.Connection, key_name: str, signal: str, minute: int) -> int:
    """Return the id of the entry; create it if missing, and mark it as changed."""
    return int(connection.execute(_ENTRY, (key_name, signal, minute)).fetchone()[0])


def _entries(connection: sqlite3.Connection, where: str, parameters: Collection[int | str]) -> list[Entry]:
    rows = connection.execute(
        f"select id, version, key_name, signal, minute, {', '.join(_SUMS)} from ledger where {where}",  # noqa: S608 - names of our own
        tuple(parameters),
    ).fetchall()
    entries = {
        number: Entry(number, version, key_name, signal, minute, dict(zip(_SUMS, counts, strict=True)))
        for number, version, key_name, signal, minute, *counts in rows
    }
    for entry, reason, requests, spans in connection.execute(
        "select entry, reason, requests, spans from refusal where entry in (select value from json_each(?))",
        (json.dumps(list(entries)),),
    ).fetchall():
        entries[entry].rejected_requests[reason] = requests
        entries[entry].rejected_spans[reason] = spans
    return list(entries.values())
