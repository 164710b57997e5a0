"""Rows that somebody deletes are counted by the day they were received: no query takes them for lost ones."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.store.store import Store

REMOVAL_SCHEMA: Final[pa.Schema] = pa.schema(
    [("at", pa.timestamp("us", "UTC")), ("name", pa.string()), ("day", pa.date32()), ("rows", pa.uint64())]
)
"""Arrow schema of the table `removals`; its columns in their order."""


def note_removal(store: Store, name: str, where: str, parameters: Mapping[str, Sequence[str] | str]) -> None:
    """Count the rows of a table that are about to be deleted; `where` is our own words. Raises StoreError."""
    rows = store.query(
        f"SELECT toDate(received_at) AS day, count() AS removed FROM {name} WHERE {where} GROUP BY day",
        parameters,
    ).to_pylist()
    if rows:
        now = datetime.now(UTC)
        counted = [{"at": now, "name": name, "day": row["day"], "rows": int(row["removed"])} for row in rows]
        store.insert("removals", pa.RecordBatch.from_pylist(counted, schema=REMOVAL_SCHEMA), token=uuid.uuid4().hex)
