"""Does the store hold what was stored? Rows that vanished are counted by the day they were received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from schema.ledger_copy import TABLES

if TYPE_CHECKING:
    from schema.queries.scope import Scope
    from schema.store.store import Store

_COMPARED_DAYS: Final = 7  # the shortest retention that a policy can set: of later rows none has expired
_NEW_STORE: Final = "INTERVAL 60 SECOND"  # its migrations were applied within
_SINCE: Final = (
    f"SELECT toDateTime64(if(maxIf(applied_at, name LIKE '0010%') < min(applied_at) + {_NEW_STORE},"
    " toDateTime(0, 'UTC'), toStartOfMinute(maxIf(applied_at, name LIKE '0010%')) + INTERVAL 1 MINUTE), 6, 'UTC')"
    " AS since FROM schema_migrations"
)


@dataclass(frozen=True, slots=True)
class Vanished:
    """Rows of a table that were stored, were not deleted by anyone, and are not there."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Detached:
    """A part of a table that ClickHouse set aside because it could not be read."""

    table: str
    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is wrong with what the store holds; nothing where both are empty."""

    vanished: list[Vanished]
    detached: list[Detached]

    @property
    def sentences(self) -> list[str]:
        """Say what is wrong, and what to do."""
        missing = [
            f"The store holds {gone.rows:,} rows of {gone.table} fewer than were stored and not deleted: look at the"
            " disk, and bring the store back from a backup (docs/operations.md)."
            for gone in self.vanished
        ]
        return missing + [
            f"The part {part.part} of {part.table} was detached ({part.reason}): its rows are in no answer."
            " Check the disk (docs/operations.md)."
            for part in self.detached
        ]


def holdings(store: Store, scope: Scope, now: datetime | None = None) -> Holdings:
    """Compare what the ledger says is stored with what the store holds, of the last seven days.

    The ledger is read first and the removals last: a row is stored before it is counted, and deleted afterwards.
    Raises StoreError, OutOfScopeError.
    """
    scope.require_instance()
    now = now or datetime.now(UTC)
    start = max(now - timedelta(days=_COMPARED_DAYS), store.query(_SINCE).column("since")[0].as_py())
    stored = store.query(
        "SELECT toString(signal) AS signal_, toDate(minute) AS day, sum(stored_spans) AS stored FROM ledger FINAL"
        " WHERE minute >= toDateTime({start:DateTime64(9, 'UTC')}, 'UTC') GROUP BY signal_, day",
        {"start": start},
    ).to_pylist()
    held = {name: _held(store, name, start) for name in TABLES.values()}
    removed = {
        (row["table_"], row["day"]): int(row["removed"])
        for row in store.query(
            "SELECT toString(name) AS table_, day, sum(rows) AS removed FROM removals GROUP BY table_, day"
        ).to_pylist()
    }
    vanished = dict.fromkeys(TABLES.values(), 0)
    for row in stored:
        name, day = TABLES[row["signal_"]], row["day"]
        vanished[name] += max(0, int(row["stored"]) - held[name].get(day, 0) - removed.get((name, day), 0))
    return Holdings([Vanished(name, rows) for name, rows in vanished.items() if rows], _detached(store))


def _held(store: Store, name: str, start: datetime) -> dict[date, int]:
    rows = store.query(
        f"SELECT toDate(received_at) AS day, count() AS held FROM {name}"
        " WHERE received_at >= toStartOfMinute({start:DateTime64(9, 'UTC')}) GROUP BY day",
        {"start": start},
    ).to_pylist()
    return {row["day"]: int(row["held"]) for row in rows}


def _detached(store: Store) -> list[Detached]:
    rows = store.query(
        "SELECT table AS table_, name AS part, reason AS why FROM system.detached_parts"
        " WHERE database = currentDatabase() AND (startsWith(reason, 'broken') OR reason = 'unexpected')"
        " ORDER BY table_, part"
    ).to_pylist()
    return [Detached(row["table_"], row["part"], row["why"]) for row in rows]
