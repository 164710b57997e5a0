"""Which runs were there, and what do they add up to?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    import pyarrow as pa

    from schema.queries.filters import Filter
    from schema.queries.scope import Scope
    from schema.store.store import Store


@dataclass(frozen=True, slots=True)
class RunList:
    """A page of runs, newest first, and how many there are in all."""

    rows: pa.Table
    total: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the chosen runs add up to; None where nothing is known."""

    runs: int
    errors: int
    complete: int
    success: int
    cost_usd: Decimal | None
    unpriced_calls: int
    input_tokens: int | None
    output_tokens: int | None
    p50_ns: float | None
    p95_ns: float | None


def list_runs(store: Store, scope: Scope, chosen: Filter, *, limit: int, offset: int = 0) -> RunList:
    """Return the columns of `runs` for one page of the chosen runs."""
    where, bound = chosen.within(scope)
    rows = store.query(
        f"SELECT * EXCEPT is_deleted FROM runs FINAL WHERE {where} ORDER BY start_time DESC, trace_id, team"
        " LIMIT {limit:UInt32} OFFSET {offset:UInt64}",
        bound | {"limit": limit, "offset": offset},
    )
    total = store.query(f"SELECT count() AS total FROM runs FINAL WHERE {where}", bound)
    return RunList(rows, total.column("total")[0].as_py())


def summary(store: Store, scope: Scope, chosen: Filter) -> Summary:
    """Return the sums and duration quantiles (exact, ns) of the chosen runs."""
    where, bound = chosen.within(scope)
    row = store.query(
        "SELECT count() AS runs, countIf(error) AS errors, countIf(complete) AS complete,"
        " countIf(outcome = 'success') AS success, sumOrNull(cost_usd) AS cost_usd,"
        " sum(unpriced_calls) AS unpriced_calls, sumOrNull(input_tokens) AS input_tokens,"
        " sumOrNull(output_tokens) AS output_tokens,"
        " quantileExactOrNull(0.5)(nullIf(duration_ns, 0)) AS p50_ns,"
        " quantileExactOrNull(0.95)(nullIf(duration_ns, 0)) AS p95_ns"
        f" FROM runs FINAL WHERE {where}",
        bound,
    ).to_pylist()[0]
    return Summary(**row)
