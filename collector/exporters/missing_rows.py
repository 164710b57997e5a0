"""After a crash: which rows of requests are in the store already?

A process can be killed between an insert and the moment the spool forgets its requests. The engine's deduplication
tokens cannot settle that case: they are recorded apart from the rows, and they are kept for a limited number of blocks.
So recovery reads back: rows carry the instant their request was received (ns), which names the request.
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
"""What makes two rows the same row, by table. No text: another policy may have redacted it otherwise meanwhile.

Rows that are the same in this lie in one partition, so the store holds all of them or none; but for points ...
"""

_PARTITIONED_BY: Final = {"spans": "start_time", "logs": "time", "metric_points": "time"}
"""What tells the partitions that need not be looked at; it is a part of the identity."""

_SERIES: Final = {"metric_points": ("name", "attributes")}
"""... which servers of a cluster share by series, so that of equal points the right one is looked for first."""

_ASKED_AT_ONCE: Final = 200  # requests: parameters travel in an address, which proxies want short


def without_stored(store: Store, name: str, table: pa.Table) -> pa.Table:
    """Return the rows that the table `name` does not hold yet."""
    if not table.num_rows:
        return table
    known_by = len(_IDENTITY[name])
    columns = (*_IDENTITY[name], *_SERIES.get(name, ()))
    received_at = pc.unique(table.column("received_at").cast(pa.int64())).to_pylist()
    instant = _PARTITIONED_BY[name]
    ends = pc.min_max(table.column(instant).cast(pa.int64())).as_py()
    there: Counter[_Identity] = Counter()
    for first in range(0, len(received_at), _ASKED_AT_ONCE):
        stored = store.query(
            f"SELECT {', '.join(f'`{column}`' for column in columns)} FROM {name}"  # noqa: S608 - names of our own
            " WHERE toUnixTimestamp64Nano(received_at) IN {received_at:Array(Int64)}"
            f" AND {instant} BETWEEN fromUnixTimestamp64Nano({{min:Int64}}) AND fromUnixTimestamp64Nano({{max:Int64}})",
            {"received_at": received_at[first : first + _ASKED_AT_ONCE], **ends},
        )
        there.update(_identities(stored, columns))
    missing = _without(enumerate(_identities(table, columns)), there)
    redacted_otherwise: Counter[_Identity] = Counter()
    for identity, count in there.items():
        redacted_otherwise[identity[:known_by]] += count
    missing = _without(((row, identity[:known_by]) for row, identity in missing), redacted_otherwise)
    return table.take(pa.array([row for row, _ in missing], pa.int64()))


def _without(rows: Iterable[tuple[int, _Identity]], there: Counter[_Identity]) -> list[tuple[int, _Identity]]:
    """Return the rows that are not `there`; those that are leave it."""
    missing = []
    for row, identity in rows:
        if there[identity]:
            there[identity] -= 1
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
