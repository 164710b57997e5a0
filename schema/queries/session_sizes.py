"""How many runs do these sessions have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.queries.scope import Scope
    from schema.store.store import Store

# The candidates come by the index, which also finds versions of a run that no longer hold.
_SIZES = """
SELECT first_trace_id, toString(team) AS team, count() AS runs
FROM runs FINAL
WHERE first_trace_id IN {{first:Array(String)}} AND {scope}
  AND (trace_id, team) IN (SELECT trace_id, team FROM runs WHERE first_trace_id IN {{first:Array(String)}})
GROUP BY first_trace_id, team
"""


def session_sizes(store: Store, scope: Scope, sessions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the number of runs of each session, by the `first_trace_id` and the team that its runs share."""
    wanted = set(sessions)
    bound = {"first": sorted({first for first, _ in wanted})} | scope.parameters
    found = store.query(_SIZES.format(scope=scope.where), bound).to_pylist()
    sizes = {(row["first_trace_id"], row["team"]): row["runs"] for row in found}
    return {session: size for session, size in sizes.items() if session in wanted}
