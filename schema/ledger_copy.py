"""The store's copy of the spool's ledger: what a collector writes there, and reads to find what its spool lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import pyarrow as pa

from schema.ledger_lines import COUNTS, REASONS

if TYPE_CHECKING:
    from datetime import datetime

    from schema.store.store import Store

TABLES: Final[dict[Literal["traces", "logs", "metrics"], str]] = {
    "traces": "spans",
    "logs": "logs",
    "metrics": "metric_points",
}
"""Where the rows of each signal go."""

LEDGER_SCHEMA: Final[pa.Schema] = pa.schema(
    [("collector", pa.string()), ("entry", pa.uint64()), ("key_name", pa.string()), ("signal", pa.string())]
    + [("minute", pa.timestamp("s", "UTC"))]
    + [(name, pa.uint64()) for name in COUNTS]
    + [(name, pa.map_(pa.string(), pa.uint64())) for name in REASONS]
    + [("version", pa.uint64())]
)
"""Arrow schema of a batch of ledger entries; the columns of the table `ledger` in their order."""


def entries(store: Store, start: datetime) -> list[dict[str, Any]]:
    """Return the newest version of each entry that is open or of a minute from `start` on, `minute` since 1970."""
    columns = ", ".join(f"entry.{name} AS {name}_" for name in (*COUNTS, *REASONS))
    rows = store.query(
        "SELECT toString(entry.collector) AS collector_, entry.entry AS entry_, toString(entry.key_name) AS key_name_,"
        " toString(entry.signal) AS signal_, intDiv(toUnixTimestamp(entry.minute), 60) AS minute_,"
        f" entry.version AS version_, {columns} FROM ledger AS entry FINAL"
        " WHERE entry.minute >= toDateTime({start:DateTime64(9, 'UTC')}, 'UTC')"
        " OR entry.waiting_requests > 0 OR entry.quarantined_requests > 0",
        {"start": start},
    ).to_pylist()
    return [{name.removesuffix("_"): value for name, value in row.items()} for row in rows]


def received(store: Store, signal: str, start: int, end: int) -> dict[int, int]:
    """Return how many rows each request has that was received in [start, end), by the instant of its receipt (ns)."""
    rows = store.query(
        "SELECT toUnixTimestamp64Nano(received_at) AS instant, count() AS stored"
        f" FROM {TABLES[signal]}"  # type: ignore[index]
        " WHERE received_at >= fromUnixTimestamp64Nano({start:Int64})"
        " AND received_at < fromUnixTimestamp64Nano({end:Int64}) GROUP BY instant",
        {"start": start, "end": end},
    ).to_pylist()
    return {int(row["instant"]): int(row["stored"]) for row in rows}
