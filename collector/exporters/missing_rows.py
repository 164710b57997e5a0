"""Finds, after a crash, the rows of a request that are not in the store yet.

A process can be killed after an insert and before the spool deletes the requests. The engine's deduplication tokens do
not settle that case: they are recorded apart from the rows, and kept for a limited number of blocks. So recovery reads
the rows back: each carries the receipt time of its request (ns), which identifies the request.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schema.store.store import Store

_Identity = tuple[Any, ...]

_IDENTITY: Final = {
    "spans": ("received_at", "trace_id", "span_id", "start_time"),
    "logs": ("received_at", "trace_id", "span_id", "time"),
    "metric_points": ("received_at", "time", "start_time", "value", "count", "sum"),
}
"""Columns that identify a row, by table. They hold no text, because another policy may have redacted it differently.

Rows that are equal in these columns are in one partition, so the store has all of them or none. Metric points are the
exception: see _SERIES.
"""

_PARTITIONED_BY: Final = {"spans": "start_time", "logs": "time", "metric_points": "time"}
"""The column that selects partitions; it is one of the identifying columns."""

_SERIES: Final = {"metric_points": ("name", "attributes")}
"""Columns by which a cluster distributes metric points to its servers. Equal points are compared with them first."""

_QUERIED_AT_ONCE: Final = 200  # requests; parameters are part of the URL, and proxies limit its length


def without_stored(store: Store, name: str, table: pa.Table) -> pa.Table:
    """Return the rows that the table `name` does not have yet."""
    if not table.num_rows:
        return table
    identity_size = len(_IDENTITY[name])
    columns = (*_IDENTITY[name], *_SERIES.get(name, ()))
    received_at = pc.unique(table.column("received_at").cast(pa.int64())).to_pylist()
    instant = _PARTITIONED_BY[name]
    ends = pc.min_max(table.column(instant).cast(pa.int64())).as_py()
    present: Counter[_Identity] = Counter()
    for first in range(0, len(received_at), _QUERIED_AT_ONCE):
        stored = store.query(
            f"SELECT {', '.join(f'`{column}`' for column in columns)} FROM {name}"  # noqa: S608 - names of our own
            " WHERE toUnixTimestamp64Nano(received_at) IN {received_at:Array(Int64)}"
            f" AND {instant} BETWEEN fromUnixTimestamp64Nano({{min:Int64}}) AND fromUnixTimestamp64Nano({{max:Int64}})",
            {"received_at": received_at[first : first + _QUERIED_AT_ONCE], **ends},
        )
        present.update(_identities(stored, columns))
    missing = _without(enumerate(_identities(table, columns)), present)
    redacted_otherwise: Counter[_Identity] = Counter()
    for identity, count in present.items():
        redacted_otherwise[identity[:identity_size]] += count
    missing = _without(((row, identity[:identity_size]) for row, identity in missing), redacted_otherwise)
    return table.take(pa.array([row for row, _ in missing], pa.int64()))


def _without(rows: Iterable[tuple[int, _Identity]], present: Counter[_Identity]) -> list[tuple[int, _Identity]]:
    """Return the rows that are not `present`; the others are subtracted from it."""
    missing = []
    for row, identity in rows:
        if present[identity]:
            present[identity] -= 1
        else:
            missing.append((row, identity))
    return missing


def _identities(table: pa.Table, columns: tuple[str, ...]) -> Iterator[_Identity]:
    values = []
    for column in columns:
        content = table.column(column)
        if pa.types.is_timestamp(content.type):
            content = content.cast(pa.int64())  # Python's datetime has no nanoseconds
        cells = content.to_pylist()
        if pa.types.is_floating(content.type):
            cells = [repr(cell) for cell in cells]  # NaN is not equal to itself
        elif pa.types.is_map(content.type):
            cells = [tuple(cell) for cell in cells]
        values.append(cells)
    return zip(*values, strict=True)
