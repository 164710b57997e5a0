"""What became of all that arrived, and does it add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema.ledger_lines import COUNTS, REASONS, By, Line, total

if TYPE_CHECKING:
    from datetime import datetime

    from schema.store.store import Store

__all__ = ["LEDGER_SCHEMA", "By", "Line", "entries", "lines", "total"]

LEDGER_SCHEMA: Final[pa.Schema] = pa.schema(
    [("collector", pa.string()), ("entry", pa.uint64()), ("key_name", pa.string()), ("signal", pa.string())]
    + [("minute", pa.timestamp("s", "UTC"))]
    + [(name, pa.uint64()) for name in COUNTS]
    + [(name, pa.map_(pa.string(), pa.uint64())) for name in REASONS]
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


def lines(store: Store, start: datetime, end: datetime, *, by: By = "key") -> list[Line]:
    """Return one line a group of what was received in [start, end), both aware; `key` means key and signal."""
    groups = _GROUPS[by]
    columns = [_EXPRESSIONS[name] for name in groups]
    # The aliases are not the columns' names: ClickHouse would read an aggregate inside an aggregate.
    columns += [f"sum(entry.{name}) AS {name}_" for name in COUNTS]
    columns += [f"sumMap(CAST(entry.{name}, 'Map(String, UInt64)')) AS {name}_" for name in REASONS]
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


def _line(row: dict[str, Any]) -> Line:
    values: dict[str, Any] = {name: int(row[f"{name}_"]) for name in COUNTS}
    values |= {name: {why: int(count) for why, count in row[f"{name}_"]} for name in REASONS}
    return Line(**values, key_name=row.get("key_name", ""), signal=row.get("signal", ""), minute=row.get("at"))
