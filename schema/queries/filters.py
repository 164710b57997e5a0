"""Which runs a question is about: a time range, and the teams and workflows chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from schema.queries.scope import Scope
    from schema.store.store import Store


@dataclass(frozen=True, slots=True)
class Filter:
    """Runs that start in [start, end), both aware; no team or workflow named means all of them."""

    start: datetime
    end: datetime
    teams: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()

    def within(self, scope: Scope) -> tuple[str, dict[str, Any]]:
        """Return the condition on `runs` and `spans` of what a viewer may read of these, and what it binds."""
        conditions = [
            scope.where,
            "start_time >= {start:DateTime64(9, 'UTC')}",
            "start_time < {end:DateTime64(9, 'UTC')}",
        ]
        if self.teams:
            conditions.append("team IN {teams:Array(String)}")
        if self.workflows:
            conditions.append("workflow IN {workflows:Array(String)}")
        bound = {"start": self.start, "end": self.end, "teams": list(self.teams), "workflows": list(self.workflows)}
        return " AND ".join(conditions), bound | scope.parameters


@dataclass(frozen=True, slots=True)
class Facets:
    """What there is to choose from."""

    teams: list[str]
    workflows: list[str]


def facets(store: Store, scope: Scope, start: datetime, end: datetime) -> Facets:
    """Return the teams and workflows that have runs in [start, end), sorted."""
    where, bound = Filter(start, end).within(scope)
    row = store.query(
        "SELECT arraySort(groupUniqArray(toString(team))) AS teams,"
        " arraySort(groupUniqArray(toString(workflow))) AS workflows"
        f" FROM runs FINAL WHERE {where}",
        bound,
    ).to_pylist()[0]
    return Facets(row["teams"], row["workflows"])
