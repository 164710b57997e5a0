"""The ledger inside the spool's file: what was counted, what of it changed, and what may be forgotten.

Every function works on a connection that its caller holds, and those that write inside its transaction.
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

INVALID_IDS: Final = "invalid_ids"
"""Why single spans of an accepted request are rejected: OTLP wants ids of 16 and 8 bytes, not all zero."""

FORGOTTEN: Final = -1
"""The minute that stands for all minutes that were forgotten, so that totals never fall."""

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
    """Requests of one minute that were refused for one reason; `spans` are those that somebody counted."""

    key_name: str
    signal: Signal
    minute: int
    reason: str
    requests: int
    spans: int
    uncounted_requests: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One key, signal and minute (of the receipt, since 1970) as it stands at `version`."""

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
        """Whether all that was accepted is in one of the other states."""
        return all(
            self.counts[f"accepted_{unit}"] == sum(self.counts[f"{state}_{unit}"] for state in _ENDED)
            for unit in ("requests", "spans")
        )


def count_group(connection: sqlite3.Connection, requests: Sequence[tuple[Incoming, bool]], now: int) -> None:
    """Count the duplicates of a group that is being appended, and the spans that were rejected from its requests."""
    repeated: Counter[tuple[str, str, str]] = Counter()
    rejected: Counter[tuple[str, Signal]] = Counter()
    for request, duplicate in requests:
        if duplicate:
            repeated[request.key_name, request.signal, "requests"] += 1
            repeated[request.key_name, request.signal, "spans"] += request.spans
        if request.rejected:
            rejected[request.key_name, request.signal] += request.rejected
    minute = now // MINUTE_NS
    for key_name, signal in {(key_name, signal) for key_name, signal, _ in repeated}:
        connection.execute(
            "update ledger set deduplicated_requests = deduplicated_requests + ?,"
            " deduplicated_spans = deduplicated_spans + ? where id = ?",
            (*(repeated[key_name, signal, unit] for unit in ("requests", "spans")),
             _entry(connection, key_name, signal, minute)),
        )  # fmt: skip
    count_refused(connection, [Refused(*slot, minute, INVALID_IDS, 0, spans, 0) for slot, spans in rejected.items()])


def count_refused(connection: sqlite3.Connection, refusals: Iterable[Refused]) -> None:
    """Count what was refused."""
    for refused in refusals:
        entry = _entry(connection, refused.key_name, refused.signal, refused.minute)
        connection.execute(_REFUSE, (entry, refused.reason, refused.requests, refused.spans))
        connection.execute(
            "update ledger set uncounted_requests = uncounted_requests + ? where id = ?",
            (refused.uncounted_requests, entry),
        )


def changed(connection: sqlite3.Connection, limit: int) -> list[Entry]:
    """Return entries that were not copied as they are now."""
    return _entries(connection, "copied <> version and minute >= 0 order by id limit ?", (limit,))


def every(connection: sqlite3.Connection) -> list[Entry]:
    """Return all entries that were not forgotten."""
    return _entries(connection, "minute >= 0", ())


def count_uncounted_loss(connection: sqlite3.Connection, minute: int) -> None:
    """Count that requests may be gone which nobody counted; they belong to no key that is known."""
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
    """Remember up to which version these entries were copied; what changed meanwhile is changed still."""
    connection.executemany("update ledger set copied = ? where id = ?", [(one.version, one.id) for one in entries])


def forget(connection: sqlite3.Connection, before: int) -> None:
    """Add entries of minutes before this one to the forgotten ones, if they are copied and nothing of them is open."""
    old = _closed(connection, before)
    additions = ", ".join(f"{name} = {name} + ?" for name in _SUMS)
    for entry in old:
        whole = _entry(connection, entry.key_name, entry.signal, FORGOTTEN)
        connection.execute(
            f"update ledger set {additions}, copied = version where id = ?",  # noqa: S608 - names of our own
            (*(entry.counts[name] for name in _SUMS), whole),
        )
        connection.executemany(
            _REFUSE,
            [(whole, why, count, entry.rejected_spans[why]) for why, count in entry.rejected_requests.items()],
        )
    ids = json.dumps([entry.id for entry in old])
    connection.execute("delete from refusal where entry in (select value from json_each(?))", (ids,))
    connection.execute("delete from ledger where id in (select value from json_each(?))", (ids,))


def closed(connection: sqlite3.Connection, before: int) -> list[tuple[str, str, int]]:
    """Return the key, signal and minute of each entry that `forget` would add to the forgotten ones."""
    return [(entry.key_name, entry.signal, entry.minute) for entry in _closed(connection, before)]


def totals(connection: sqlite3.Connection) -> list[Entry]:
    """Return everything that was ever counted here, one entry a key and signal; their ids and minutes mean nothing."""
    sums = ", ".join(f"sum({name})" for name in _SUMS)
    rows = connection.execute(
        f"select key_name, signal, {sums} from ledger group by key_name, signal order by key_name, signal"  # noqa: S608 - names of our own
    ).fetchall()
    found = {
        (key_name, signal): Entry(0, 0, key_name, signal, FORGOTTEN, dict(zip(_SUMS, counts, strict=True)))
        for key_name, signal, *counts in rows
    }
    for key_name, signal, reason, requests, spans in connection.execute(
        "select key_name, signal, reason, sum(requests), sum(spans) from refusal join ledger on ledger.id = entry"
        " group by key_name, signal, reason order by reason"
    ).fetchall():
        found[key_name, signal].rejected_requests[reason] = requests
        found[key_name, signal].rejected_spans[reason] = spans
    return list(found.values())


def collector_id(connection: sqlite3.Connection) -> str:
    """Return the random name of this file: ledgers of several collectors add up under different names."""
    return str(connection.execute("select id from collector").fetchone()[0])


def _closed(connection: sqlite3.Connection, before: int) -> list[Entry]:
    return [
        entry
        for entry in _entries(connection, "minute >= 0 and minute < ? and copied = version", (before,))
        if not entry.counts["waiting_requests"] and not entry.counts["quarantined_requests"]
    ]


def _entry(connection: sqlite3.Connection, key_name: str, signal: str, minute: int) -> int:
    """Return the id of the entry, made where it is missing; it counts as changed from now on."""
    return int(connection.execute(_ENTRY, (key_name, signal, minute)).fetchone()[0])


def _entries(connection: sqlite3.Connection, where: str, parameters: Collection[int | str]) -> list[Entry]:
    rows = connection.execute(
        f"select id, version, key_name, signal, minute, {', '.join(_SUMS)} from ledger where {where}",  # noqa: S608 - names of our own
        tuple(parameters),
    ).fetchall()
    found = {
        number: Entry(number, version, key_name, signal, minute, dict(zip(_SUMS, counts, strict=True)))
        for number, version, key_name, signal, minute, *counts in rows
    }
    for entry, reason, requests, spans in connection.execute(
        "select entry, reason, requests, spans from refusal where entry in (select value from json_each(?))",
        (json.dumps(list(found)),),
    ).fetchall():
        found[entry].rejected_requests[reason] = requests
        found[entry].rejected_spans[reason] = spans
    return list(found.values())
