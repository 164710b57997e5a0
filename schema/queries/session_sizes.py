"""How many runs do these sessions have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.store import Store

# The candidates come by the index, which also finds versions of a run that no longer hold.
_SIZES = """
SELECT first_trace_id, count() AS runs
FROM runs FINAL
WHERE first_trace_id IN {first:Array(String)}
  AND trace_id IN (SELECT trace_id FROM runs WHERE first_trace_id IN {first:Array(String)})
GROUP BY first_trace_id
"""


def session_sizes(store: Store, first_trace_ids: Iterable[str]) -> dict[str, int]:
    """Return the number of runs of each session, by the `first_trace_id` that its runs share."""
    found = store.query(_SIZES, {"first": sorted(set(first_trace_ids))}).to_pylist()
    return {row["first_trace_id"]: row["runs"] for row in found}
