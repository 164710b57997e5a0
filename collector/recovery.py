"""After a crash: which rows of a request are in the store already?

A process can be killed between an insert and the moment the spool forgets its requests. The engine's deduplication
tokens cannot settle that case: they are recorded apart from the rows, and they are kept for a limited number of blocks.
So recovery reads back: rows carry the instant their request was received (ns), which names the request.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.store import Store

_IDENTITY: Final = {
    "spans": ("trace_id", "span_id", "start_time", "name"),
    "logs": ("trace_id", "span_id", "time", "event_name", "body"),
    "metric_points": ("name", "time", "start_time", "value", "count", "sum", "attributes"),
}
"""What makes two rows of one request the same row, by table."""


def without_stored(store: Store, name: str, table: pa.Table) -> pa.Table:
    """Return the rows of one request that the table `name` does not hold yet."""
    if not table.num_rows:
        return table
    columns = _IDENTITY[name]
    received_at = table.column("received_at").cast(pa.int64())[0].as_py()
    stored = store.query(
        f"SELECT {', '.join(f'`{column}`' for column in columns)} FROM {name}"  # noqa: S608 - names of our own
        " WHERE received_at = fromUnixTimestamp64Nano({received_at:Int64}, 'UTC')",
        {"received_at": received_at},
    )
    there = Counter(_identities(stored, columns))
    missing = []
    for row, identity in enumerate(_identities(table, columns)):
        if there[identity]:
            there[identity] -= 1
        else:
            missing.append(row)
    return table.take(pa.array(missing, pa.int64()))


def _identities(table: pa.Table, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    values = []
    for column in columns:
        content = table.column(column)
        if pa.types.is_timestamp(content.type):
            content = content.cast(pa.int64())  # Python's datetime has no nanoseconds
        cells = content.to_pylist()
        values.append([tuple(cell) for cell in cells] if pa.types.is_map(content.type) else cells)
    return zip(*values, strict=True)
