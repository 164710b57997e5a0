"""Keeps the results of a drill and deletes its invented runs."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from schema.maintenance.removals import note_removal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from schema.drill_results import Result
    from schema.store.store import Store

DRILL_SCHEMA: Final[pa.Schema] = pa.schema(
    [("at", pa.timestamp("us", "UTC")), ("drill_id", pa.string()), ("seed", pa.uint64())]
    + [(name, pa.string()) for name in ("rules_version", "entity", "place")]
    + [(name, pa.uint64()) for name in ("planted", "removed", "left_in_part", "left_whole")]
)
"""Arrow schema of a batch of drill results; the columns of the table `drills` in their order."""

_TRACES_A_STATEMENT: Final = 500


def record(store: Store, at: datetime, seed: int, rules_version: str, results: Sequence[Result]) -> None:
    """Keep the results of one drill. Raises StoreError."""
    drill = {"at": at, "drill_id": uuid.uuid4().hex, "seed": seed, "rules_version": rules_version}
    rows = [drill | asdict(result) for result in results]
    store.insert("drills", pa.RecordBatch.from_pylist(rows, schema=DRILL_SCHEMA), token=str(drill["drill_id"]))


def remove(store: Store, trace_ids: Sequence[str], service_name: str) -> None:
    """Delete the invented runs of a drill, so that no figure counts them. Raises StoreError."""
    for first in range(0, len(trace_ids), _TRACES_A_STATEMENT):
        traces = {"traces": list(trace_ids[first : first + _TRACES_A_STATEMENT])}
        for table in ("spans", "logs", "runs"):
            if table != "runs":
                note_removal(store, table, "trace_id IN {traces:Array(String)}", traces)
            stored = store.layout.stored(table)
            store.command(f"DELETE FROM {stored} WHERE trace_id IN {{traces:Array(String)}}", traces)  # noqa: S608 - our own names
    note_removal(store, "metric_points", "service_name = {service:String}", {"service": service_name})
    points = store.layout.stored("metric_points")
    store.command(f"DELETE FROM {points} WHERE service_name = {{service:String}}", {"service": service_name})  # noqa: S608 - our own name
