"""What became of all that arrived, and does it add up?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the API reads the annotations of Line when it runs
from typing import TYPE_CHECKING, Any, Final, Literal

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.store import Store

By = Literal["key", "signal", "minute"]

_STATES: Final = ("accepted", "deduplicated", "stored", "waiting", "quarantined", "dropped", "lost")
_COUNTS: Final = (
    *(f"{state}_{unit}" for state in _STATES for unit in ("requests", "spans")),
    "uncounted_requests",
    "unredacted_spans",
    "uncounted_losses",
)
_REASONS: Final = ("rejected_requests", "rejected_spans")

LEDGER_SCHEMA: Final[pa.Schema] = pa.schema(
    [("collector", pa.string()), ("entry", pa.uint64()), ("key_name", pa.string()), ("signal", pa.string())]
    + [("minute", pa.timestamp("s", "UTC"))]
    + [(name, pa.uint64()) for name in _COUNTS]
    + [(name, pa.map_(pa.string(), pa.uint64())) for name in _REASONS]
    + [("version", pa.uint64())]
)
"""Arrow schema of a batch of ledger entries; the columns of the table `ledger` in their order."""

_GROUPS: Final[dict[By, tuple[str, ...]]] = {
    "key": ("key_name", "signal"),
    "signal": ("signal",),
    "minute": ("minute", "key_name", "signal"),
}
_EXPRESSIONS: Final = {"minute": "toDateTime64(entry.minute, 0, 'UTC') AS at"} | {
    name: f"toString(entry.{name}) AS {name}" for name in ("key_name", "signal")
}


@dataclass(frozen=True, slots=True)
class Line:
    """What became of the requests of one group, counted in spans, log records or metric points, and in requests.

    `rejected_requests` were refused whole, `rejected_spans` are those that somebody counted, both by reason;
    of `uncounted_requests` nobody knows how many spans they held. `uncounted_losses` is how often the spool was damaged
    in such a way that requests may be gone which nobody counted. A group without a minute has `minute` None.
    """

    accepted_requests: int
    accepted_spans: int
    deduplicated_requests: int
    deduplicated_spans: int
    stored_requests: int
    stored_spans: int
    waiting_requests: int
    waiting_spans: int
    quarantined_requests: int
    quarantined_spans: int
    dropped_requests: int
    dropped_spans: int
    lost_requests: int
    lost_spans: int
    uncounted_requests: int
    unredacted_spans: int
    uncounted_losses: int = 0
    rejected_requests: dict[str, int] = field(default_factory=dict)
    rejected_spans: dict[str, int] = field(default_factory=dict)
    key_name: str = ""
    signal: str = ""
    minute: datetime | None = None

    @property
    def received_requests(self) -> int:
        """Every request that was answered."""
        return self.accepted_requests + self.deduplicated_requests + sum(self.rejected_requests.values())

    @property
    def received_spans(self) -> int:
        """Every span that somebody counted; what `uncounted_requests` held is missing."""
        return self.accepted_spans + self.deduplicated_spans + sum(self.rejected_spans.values())

    @property
    def missing_spans(self) -> int:
        """Accepted spans of which the ledger does not say where they are: zero unless something is wrong."""
        there = self.stored_spans + self.waiting_spans + self.quarantined_spans + self.dropped_spans + self.lost_spans
        return self.accepted_spans - there

    @property
    def missing_requests(self) -> int:
        """The same in requests."""
        there = self.stored_requests + self.waiting_requests + self.quarantined_requests
        return self.accepted_requests - there - self.dropped_requests - self.lost_requests

    @property
    def adds_up(self) -> bool:
        """Whether all that was accepted is known to be somewhere, or known to be lost."""
        return not (self.missing_spans or self.missing_requests or self.uncounted_losses)

    @property
    def verdict(self) -> str:
        """Say in words whether it adds up."""
        states = ("stored", "waiting", "quarantined", "dropped", "lost")
        counts = [(state, getattr(self, f"{state}_spans")) for state in states]
        shown = " + ".join(f"{count:,} {state}" for state, count in counts if count or state in states[:3])
        if self.adds_up:
            return f"It adds up: {self.accepted_spans:,} accepted = {shown}."
        if not (self.missing_spans or self.missing_requests):
            return (
                f"It is not known whether it adds up: {self.accepted_spans:,} accepted = {shown}, but the spool was"
                f" damaged and its last counts are gone with it, so more may be lost (uncounted losses:"
                f" {self.uncounted_losses})."
            )
        return (
            f"It does not add up: {self.accepted_spans:,} accepted, but {shown}; {abs(self.missing_spans):,} spans in"
            f" {abs(self.missing_requests):,} requests are {'missing' if self.missing_spans > 0 else 'too many'}."
        )


def lines(store: Store, start: datetime, end: datetime, *, by: By = "key") -> list[Line]:
    """Return one line a group of what was received in [start, end), both aware; `key` means key and signal."""
    groups = _GROUPS[by]
    columns = [_EXPRESSIONS[name] for name in groups]
    # The aliases are not the columns' names: ClickHouse would read an aggregate inside an aggregate.
    columns += [f"sum(entry.{name}) AS {name}_" for name in _COUNTS]
    columns += [f"sumMap(CAST(entry.{name}, 'Map(String, UInt64)')) AS {name}_" for name in _REASONS]
    names = ["at" if name == "minute" else name for name in groups]
    rows = store.query(
        f"SELECT {', '.join(columns)} FROM ledger AS entry FINAL"
        " WHERE entry.minute >= toDateTime({start:DateTime64(9, 'UTC')}, 'UTC')"
        " AND entry.minute < {end:DateTime64(9, 'UTC')}"
        f" GROUP BY {', '.join(names)} ORDER BY {', '.join(names)}",
        {"start": start, "end": end},
    ).to_pylist()
    return [_line(row) for row in rows]


def entries(store: Store, start: datetime) -> list[dict[str, Any]]:
    """Return the newest version of each entry that is open or of a minute from `start` on, `minute` since 1970."""
    columns = ", ".join(f"entry.{name} AS {name}_" for name in (*_COUNTS, *_REASONS))
    rows = store.query(
        "SELECT toString(entry.collector) AS collector_, entry.entry AS entry_, toString(entry.key_name) AS key_name_,"
        " toString(entry.signal) AS signal_, intDiv(toUnixTimestamp(entry.minute), 60) AS minute_,"
        f" entry.version AS version_, {columns} FROM ledger AS entry FINAL"
        " WHERE entry.minute >= toDateTime({start:DateTime64(9, 'UTC')}, 'UTC')"
        " OR entry.waiting_requests > 0 OR entry.quarantined_requests > 0",
        {"start": start},
    ).to_pylist()
    return [{name.removesuffix("_"): value for name, value in row.items()} for row in rows]


def total(of: Iterable[Line]) -> Line:
    """Return the sum of lines."""
    sums: dict[str, Any] = dict.fromkeys(_COUNTS, 0) | {name: {} for name in _REASONS}
    for line in of:
        for name in _COUNTS:
            sums[name] += getattr(line, name)
        for name in _REASONS:
            for reason, count in getattr(line, name).items():
                sums[name][reason] = sums[name].get(reason, 0) + count
    return Line(**sums)


def _line(row: dict[str, Any]) -> Line:
    values: dict[str, Any] = {name: int(row[f"{name}_"]) for name in _COUNTS}
    values |= {name: {why: int(count) for why, count in row[f"{name}_"]} for name in _REASONS}
    return Line(**values, key_name=row.get("key_name", ""), signal=row.get("signal", ""), minute=row.get("at"))
