"""Rows of the ledger for tests of its readers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from schema.ledger_copy import LEDGER_SCHEMA
from schema.maintenance.removals import REMOVAL_SCHEMA

if TYPE_CHECKING:
    from schema.store.store import Store

MINUTE_S = 60


def insert_ledger(store: Store, now: int) -> None:
    """Store the ledger of two collectors for the hour before `now` (seconds since 1970), in two versions."""
    at = now // MINUTE_S * MINUTE_S - 30 * MINUTE_S
    entries = [
        entry("one", 1, "payments", at, version=1, accepted=1200, waiting=1200),
        entry("one", 1, "payments", at, version=2, accepted=1200, stored=1000, waiting=150, quarantined=50),
        entry("two", 1, "payments", at, version=1, accepted=300, stored=300, deduplicated=40, unredacted=2),
        entry("two", 2, "support", at, version=1, accepted=7, stored=7)
        | {"rejected_requests": [("bad_request", 3)], "rejected_spans": [("invalid_ids", 5)], "uncounted_requests": 3},
    ]
    batch = pa.RecordBatch.from_pylist(entries, schema=LEDGER_SCHEMA)
    store.insert("ledger", batch, token=f"ledger {now}")
    stored = sum(int(str(row["stored_spans"])) for row in entries)
    day = datetime.fromtimestamp(at, UTC).date()  # the spans that these entries count were deleted since
    deleted = [{"at": datetime.fromtimestamp(now, UTC), "name": "spans", "day": day, "rows": stored}]
    store.insert("removals", pa.RecordBatch.from_pylist(deleted, schema=REMOVAL_SCHEMA), token=f"removals {now}")


def entry(collector: str, number: int, key_name: str, minute: int, *, version: int, **spans: int) -> dict[str, object]:
    """Return one row; each state has ten spans per request."""
    none: dict[str, object] = dict.fromkeys(LEDGER_SCHEMA.names, 0)
    zeros = none | {
        "rejected_requests": [],
        "rejected_spans": [],
    }
    counts = {"unredacted_spans": spans.pop("unredacted", 0)}
    for state, count in spans.items():
        counts |= {f"{state}_spans": count, f"{state}_requests": -(-count // 10)}
    named = {"collector": collector, "entry": number, "key_name": key_name, "signal": "traces", "minute": minute}
    return zeros | named | counts | {"version": version}
