"""Cells about a run, the same in every list of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dashboard import formatting
from dashboard.components import blocks
from dashboard.components.table import Cell

if TYPE_CHECKING:
    from datetime import tzinfo


def plain_rows(rows: pa.Table) -> list[dict[str, Any]]:
    """Return rows of runs as dictionaries; `start_time` is cut to microseconds, which is what Python holds."""
    at = rows.schema.get_field_index("start_time")
    micros = rows.set_column(at, "start_time", rows.column(at).cast(pa.timestamp("us", "UTC"), safe=False))
    plain: list[dict[str, Any]] = micros.to_pylist()
    return plain


def started(run: dict[str, Any], zone: tzinfo, *, note: str = "") -> Cell:
    """Return when it started."""
    return Cell(
        formatting.moment(run["start_time"], zone), note=note, title=f"{run['start_time']:%Y-%m-%d %H:%M:%S.%f} UTC"
    )


def outcome(run: dict[str, Any]) -> Cell:
    """Return the outcome, and whether there may be more to come."""
    label, tone = blocks.outcome(run["outcome"])
    if run["complete"]:
        return Cell(label, tone=tone)
    if run["closed"]:
        title = "Its root, or the parent of some of its spans, never came."
        return Cell(label, note="incomplete", tone=tone, title=title)
    return Cell(label, note="arriving", tone=tone, title="Spans of this run are still arriving.")


def cost(run: dict[str, Any]) -> Cell:
    """Return what it cost and how many calls that leaves out."""
    if run["cost_usd"] is None:
        return Cell(formatting.NO_PRICE if run["unpriced_calls"] else formatting.UNKNOWN, tone="unknown")
    missing = run["unpriced_calls"]
    return Cell(
        formatting.money(run["cost_usd"]),
        note=f"+{missing} unpriced" if missing else "",
        title=formatting.cost(run["cost_usd"], missing),
    )
