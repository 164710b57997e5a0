"""How long it took: percentiles by workflow, tool and model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, cast

from dashboard import charts, connection, filters, formatting, view_switch, viewer
from dashboard.components.blocks import notice, subheading
from dashboard.components.table import Cell, Column, Row, table
from schema.queries.latency import percentiles

if TYPE_CHECKING:
    from schema.queries.filters import Filter

GROUPS: Final = ("workflow", "tool", "model")
_DRAWN: Final = 15
_PERCENTILES: Final = {"p50": "p50_ns", "p95": "p95_ns", "p99": "p99_ns"}
_UNITS: Final = {"workflow": "Runs", "tool": "Calls", "model": "Calls"}


def page() -> None:
    """Draw the page."""
    selection = filters.bar()
    by = view_switch.segmented("Duration by", GROUPS, parameter="by")
    _draw(selection.filter, cast("Literal['workflow', 'tool', 'model']", by))


def _draw(chosen: Filter, by: Literal["workflow", "tool", "model"]) -> None:
    groups = percentiles(connection.store(), viewer.scope(), chosen, by=by).to_pylist()
    if not groups:
        notice(f"No {by} has run in this time range: choose a longer one or fewer names.")
        return
    drawn = [group for group in groups[:_DRAWN] if group["p95_ns"] is not None]
    note = f"{len(drawn)} of {len(groups)} drawn" if len(drawn) < len(groups) else ""
    subheading(f"Slowest {by}s by p95", note)
    if drawn:
        charts.latency(
            [group["label"] for group in drawn],
            {name: [group[column] for group in drawn] for name, column in _PERCENTILES.items()},
        )
    subheading(f"Every {by}", formatting.plural(len(groups), by))
    columns = (
        Column(by.capitalize(), sort=True, wide=True),
        Column(_UNITS[by], numeric=True, sort=True),
        Column("Errors", numeric=True, sort=True),
        Column("Error rate", numeric=True, sort=True),
        *(Column(name, numeric=True, sort=True) for name in _PERCENTILES),
    )
    slowest = max(group["p95_ns"] or 0 for group in groups)
    table(f"latency_{by}", label=f"Duration by {by}", columns=columns, rows=[_row(group, slowest) for group in groups])


def _row(group: dict[str, Any], slowest: float) -> Row:
    count, errors = group["count"], group["errors"]
    tone: Literal["", "bad"] = "bad" if errors else ""
    return Row(
        key=group["label"],
        cells=(
            Cell(group["label"] or "(not named)", value=group["label"].lower()),
            Cell(formatting.count(count), value=count),
            Cell(formatting.count(errors), value=errors, tone=tone),
            Cell(formatting.share(errors, count), value=errors / count, tone=tone),
            *(
                Cell(
                    formatting.duration(group[column]),
                    value=group[column] or 0,
                    share=(group[column] or 0) / slowest if column == "p95_ns" and slowest else None,
                )
                for column in _PERCENTILES.values()
            ),
        ),
    )
