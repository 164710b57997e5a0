"""What it cost, and who pays."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from dashboard import charts, connection, filters, formatting, view_switch, viewer
from dashboard.components.blocks import Fact, facts, notice, subheading
from dashboard.components.table import Cell, Column, Row, table
from schema.queries.costs import bucket_seconds, by_group, over_time

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from schema.queries.filters import Filter

GROUPS: Final = ("team", "workflow")
_COLUMNS: Final = (
    Column("", sort=True, wide=True),
    Column("Cost", numeric=True, sort=True),
    Column("Unpriced calls", numeric=True, sort=True),
    Column("Model calls", numeric=True, sort=True),
    Column("Runs", numeric=True, sort=True),
    Column("Cost per run", numeric=True, sort=True),
    Column("Input tokens", numeric=True, sort=True),
    Column("of them cached", numeric=True, sort=True),
    Column("Output tokens", numeric=True, sort=True),
)


def page() -> None:
    """Draw the page."""
    _draw(filters.bar().filter, filters.viewer_zone())


def _draw(chosen: Filter, zone: tzinfo) -> None:
    by_team = by_group(connection.store(), viewer.scope(), chosen, by="team").to_pylist()
    if not by_team:
        notice("No runs in this time range, so there is nothing to pay for: choose a longer one or fewer names.")
        return
    _total(by_team)
    by = cast("Literal['team', 'workflow']", view_switch.segmented("Cost over time by", GROUPS, parameter="by"))
    series: dict[str, dict[datetime, Decimal]] = {}
    for bar in over_time(connection.store(), viewer.scope(), chosen, by=by).to_pylist():
        if bar["cost_usd"] is not None:
            series.setdefault(bar["label"], {})[bar["bucket"]] = bar["cost_usd"]
    if series:
        charts.cost_over_time(series, start=chosen.start, end=chosen.end, zone=zone, width_s=bucket_seconds(chosen))
    else:
        notice("No model call in this range has a known price, so there are no costs to draw.")
    _table("team", by_team)
    _table("workflow", by_group(connection.store(), viewer.scope(), chosen, by="workflow").to_pylist())
    _table("model", by_group(connection.store(), viewer.scope(), chosen, by="model").to_pylist())


def _total(teams: list[dict[str, Any]]) -> None:
    known = [row["cost_usd"] for row in teams if row["cost_usd"] is not None]
    cost = sum(known, Decimal(0)) if known else None
    calls, unpriced, runs = (sum(row[name] for row in teams) for name in ("model_calls", "unpriced_calls", "runs"))
    facts(
        [
            Fact("Cost", formatting.money(cost, missing=formatting.NO_PRICE if unpriced else formatting.UNKNOWN)),
            Fact("Model calls", formatting.count(calls)),
            Fact(
                "Calls without a price",
                formatting.count(unpriced),
                _why(teams) if unpriced else "every call is priced",
                "warn" if unpriced else "",
            ),
            Fact("Runs", formatting.count(runs)),
            Fact("Cost per run", _per_run(cost, runs, unpriced)),
        ],
        label="What the chosen runs cost",
    )


def _why(teams: list[dict[str, Any]]) -> str:
    """Return why these calls, which are missing from the costs, have no price."""
    why: Counter[str] = Counter()
    for row in teams:
        why.update(dict(row["unpriced_reasons"]))
    return formatting.reasons(why) or "missing from every cost here"  # no reason: stored by an earlier version


def _per_run(cost: Decimal | None, runs: int, unpriced: int) -> str:
    if cost is None or runs == 0:
        return formatting.UNKNOWN
    return ("≥ " if unpriced else "") + formatting.money(cost / runs)


def _table(by: str, groups: list[dict[str, Any]]) -> None:
    subheading(f"By {by}", formatting.plural(len(groups), by))
    dearest = max((row["cost_usd"] for row in groups if row["cost_usd"] is not None), default=None)
    columns = (Column(by.capitalize(), sort=True, wide=True), *_COLUMNS[1:])
    table(f"costs_{by}", label=f"Cost by {by}", columns=columns, rows=[_row(row, dearest) for row in groups])


def _row(group: dict[str, Any], dearest: Decimal | None) -> Row:
    cost, unpriced, runs = group["cost_usd"], group["unpriced_calls"], group["runs"]
    shown = formatting.money(cost, missing=formatting.NO_PRICE if unpriced else formatting.UNKNOWN)
    return Row(
        key=group["label"],
        cells=(
            Cell(group["label"] or "(not named)", value=group["label"].lower()),
            Cell(
                shown,
                value=None if cost is None else float(cost),
                title="" if cost is None else f"${cost:f}",
                tone="unknown" if cost is None else "",
                share=float(cost / dearest) if cost is not None and dearest else None,
            ),
            Cell(formatting.count(unpriced), value=unpriced, tone="warn" if unpriced else ""),
            Cell(formatting.count(group["model_calls"]), value=group["model_calls"]),
            Cell(formatting.count(runs), value=runs),
            Cell(_per_run(cost, runs, unpriced), value=float(cost / runs) if cost is not None and runs else None),
            *(
                Cell(formatting.tokens(group[name]), value=group[name], title=formatting.count(group[name]))
                for name in ("input_tokens", "cached_input_tokens", "output_tokens")
            ),
        ),
    )
