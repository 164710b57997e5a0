"""What became of all that arrived, and does it add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schema.ledger_lines import COUNTS, REASONS, By, Line

if TYPE_CHECKING:
    from datetime import datetime

    from schema.queries.scope import Scope
    from schema.store.store import Store

_GROUPS: Final[dict[By, tuple[str, ...]]] = {
    "key": ("key_name", "signal"),
    "signal": ("signal",),
    "minute": ("minute", "key_name", "signal"),
}
_EXPRESSIONS: Final = {"minute": "toDateTime64(entry.minute, 0, 'UTC') AS at"} | {
    name: f"toString(entry.{name}) AS {name}" for name in ("key_name", "signal")
}


def lines(store: Store, scope: Scope, start: datetime, end: datetime, *, by: By = "key") -> list[Line]:
    """Return one line a group of what was received in [start, end), both aware; `key` means key and signal.

    Raises StoreError, OutOfScopeError.
    """
    scope.require_instance()
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


def _line(row: dict[str, Any]) -> Line:
    values: dict[str, Any] = {name: int(row[f"{name}_"]) for name in COUNTS}
    values |= {name: {why: int(count) for why, count in row[f"{name}_"]} for name in REASONS}
    return Line(**values, key_name=row.get("key_name", ""), signal=row.get("signal", ""), minute=row.get("at"))
