"""Which runs a question is about: a time range, and the teams and workflows chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from schema.store.store import Store


@dataclass(frozen=True, slots=True)
class Filter:
    """Runs that start in [start, end), both aware; no team or workflow named means all of them."""

    start: datetime
    end: datetime
    teams: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The condition, for `runs` and `spans` alike; its parameters are `parameters`."""
        conditions = ["start_time >= {start:DateTime64(9, 'UTC')}", "start_time < {end:DateTime64(9, 'UTC')}"]
        if self.teams:
            conditions.append("team IN {teams:Array(String)}")
        if self.workflows:
            conditions.append("workflow IN {workflows:Array(String)}")
        return " AND ".join(conditions)

    @property
    def parameters(self) -> dict[str, Any]:
        """What `where` binds."""
        return {
            "start": self.start,
            "end": self.end,
            "teams": list(self.teams),
            "workflows": list(self.workflows),
        }


@dataclass(frozen=True, slots=True)
class Facets:
    """What there is to choose from."""

    teams: list[str]
    workflows: list[str]


def facets(store: Store, start: datetime, end: datetime) -> Facets:
    """Return the teams and workflows that have runs in [start, end), sorted."""
    within = Filter(start, end)
    row = store.query(
        "SELECT arraySort(groupUniqArray(toString(team))) AS teams,"
        " arraySort(groupUniqArray(toString(workflow))) AS workflows"
        f" FROM runs FINAL WHERE {within.where}",
        within.parameters,
    ).to_pylist()[0]
    return Facets(row["teams"], row["workflows"])
