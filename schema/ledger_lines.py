"""A line of the ledger: the requests of one group by state. Loads no engine, so that a command starts at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the API reads the annotations of Line when it runs
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

By = Literal["key", "signal", "minute"]
"""What the lines are grouped by; `key` means ingest key and signal."""

_STATES: Final = ("accepted", "deduplicated", "stored", "waiting", "quarantined", "dropped", "lost")
COUNTS: Final = (
    *(f"{state}_{unit}" for state in _STATES for unit in ("requests", "spans")),
    "uncounted_requests",
    "unredacted_spans",
    "uncounted_losses",
)
REASONS: Final = ("rejected_requests", "rejected_spans")


@dataclass(frozen=True, slots=True)
class Line:
    """The requests of one group by state, counted in spans, log records or metric points, and in requests.

    `rejected_requests` were refused completely; they and `rejected_spans`, which are those that were counted, are by
    reason. The number of spans in `uncounted_requests` is unknown. `uncounted_losses` is how often the spool was
    damaged in such a way that uncounted requests may be lost. A group without a minute has `minute` None.
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
        """Every span that was counted; those of `uncounted_requests` are missing."""
        return self.accepted_spans + self.deduplicated_spans + sum(self.rejected_spans.values())

    @property
    def missing_spans(self) -> int:
        """Accepted spans that are in no state of the ledger: zero unless something is wrong."""
        there = self.stored_spans + self.waiting_spans + self.quarantined_spans + self.dropped_spans + self.lost_spans
        return self.accepted_spans - there

    @property
    def missing_requests(self) -> int:
        """The same in requests."""
        there = self.stored_requests + self.waiting_requests + self.quarantined_requests
        return self.accepted_requests - there - self.dropped_requests - self.lost_requests

    @property
    def adds_up(self) -> bool:
        """Whether every accepted span and request is in a known state; lost is one."""
        return not (self.missing_spans or self.missing_requests or self.uncounted_losses)

    @property
    def verdict(self) -> str:
        """A sentence about whether it adds up."""
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


def total(of: Iterable[Line]) -> Line:
    """Return the sum of lines."""
    sums: dict[str, Any] = dict.fromkeys(COUNTS, 0) | {name: {} for name in REASONS}
    for line in of:
        for name in COUNTS:
            sums[name] += getattr(line, name)
        for name in REASONS:
            for reason, count in getattr(line, name).items():
                sums[name][reason] = sums[name].get(reason, 0) + count
    return Line(**sums)
