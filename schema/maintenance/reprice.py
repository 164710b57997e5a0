"""Costs of calls that are stored already, computed again after prices changed."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema import copies
from schema.maintenance.changes import Repriced
from schema.otlp.timestamps import LATEST
from schema.pricing.charge import price_of
from schema.pricing.real_calls import COSTED_KINDS, FRAME_KINDS
from schema.runs.recompute import stale_traces
from schema.runs.refresh import refresh_runs
from schema.span import Span
from schema.store.bulk_update import MONEY, update_spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from schema.policy.policy import Policy
    from schema.pricing.prices import Priced, Prices
    from schema.store.store import Store

_HOUR: Final = 3600 * 10**9
_WITHIN: Final = (
    "spans.kind IN {kinds:Array(String)}"
    " AND spans.start_time >= fromUnixTimestamp64Nano({start:Int64}, 'UTC')"
    " AND spans.start_time < fromUnixTimestamp64Nano({end:Int64}, 'UTC')"
)
_HOURS: Final = (
    f"SELECT DISTINCT intDiv(toUnixTimestamp64Nano(start_time), {_HOUR}) AS hour FROM spans WHERE {_WITHIN}"  # noqa: S608 - our own text
    " ORDER BY hour"
)
_PRICED_BY: Final = (
    "input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, usage_units, service_tier,"
    " cost_usd, cost_source, unpriced_reason, reported_cost_usd"
)
# The calls that their run counts, so that the costs add up to what the run and its team paid.
_COPIES: Final = copies.spans(
    f"{', '.join(copies.IDENTITY)}, kind, provider, model, start_time, duration_ns, status, {_PRICED_BY}",
    "(trace_id, team, span_id) IN (SELECT trace_id, team, arrayJoin(call_span_ids) FROM runs FINAL"  # noqa: S608 - our own text
    " WHERE (empty({teams:Array(String)}) OR has({teams:Array(String)}, toString(team)))"
    f" AND trace_id IN (SELECT trace_id FROM spans WHERE {_WITHIN}))",
)
_CALLS: Final = (
    "SELECT trace_id, span_id, toString(team) AS team, span_kind, service_name, toString(kind) AS kind,"  # noqa: S608 - our own text
    f" provider, model, toUnixTimestamp64Nano(start_time) AS start_time, duration_ns, status, {_PRICED_BY}"
    f" FROM ({_COPIES}) AS spans WHERE {_WITHIN}"
)
_TIME: Final = pa.timestamp("ns", "UTC")
_MONEY: Final = pa.decimal128(38, 9)
REPRICING_SCHEMA: Final[pa.Schema] = pa.schema(
    [
        *(("at", _TIME), ("start_time", _TIME), ("end_time", _TIME), ("team", pa.string())),
        *(("calls", pa.uint64()), ("changed", pa.uint64()), ("before_usd", _MONEY), ("after_usd", _MONEY)),
        *(("price_list", pa.string()), ("overrides", pa.string())),
    ]
)
"""Arrow schema of a row of the table `repricings`; its columns in their order."""


def reprice(  # noqa: PLR0913 - what is repriced and under which prices
    store: Store,
    prices: Prices,
    start: datetime,
    end: datetime,
    *,
    policy: Policy,
    team: str = "",
    dry_run: bool = False,
) -> Repriced:
    """Price the model calls that began in [start, end) again, write what differs and leave a row in `repricings`.

    `start` and `end` are aware; `team` is the one that the run belongs to, empty is all of them. A dry run changes no
    cost and leaves no row. `policy` is for runs that are refreshed on the way. Where this was interrupted,
    doing it again does the rest. Raises StoreError.
    """
    at, first, last = time.time_ns(), _ns(start), _ns(end)
    refresh_runs(store, stale_traces(store), policy)  # runs have the list of calls that count
    calls = changed = 0
    before: Decimal | None = None
    after: Decimal | None = None
    for hour in store.query(_HOURS, _bounds(first, last)).column("hour").to_pylist():  # bounds the memory
        bounds = _bounds(max(first, hour * _HOUR), min(last, (hour + 1) * _HOUR))
        different: list[tuple[Span, Priced]] = []
        for row in store.query(_CALLS, bounds | {"teams": [team] if team else []}).to_pylist():
            call = Span(**row | {"usage_units": dict(row["usage_units"])})
            priced = price_of(call, prices)
            calls += 1
            if tuple(priced) != (call.cost_usd, call.cost_source, call.unpriced_reason):
                different.append((call, priced))
            if call.status != "error" or call.kind in FRAME_KINDS:
                before, after = _add(before, call.cost_usd), _add(after, priced.cost_usd)
        changed += len(different)
        if different and not dry_run:
            _write(store, different, bounds)
            refresh_runs(store, {call.trace_id for call, _ in different}, policy)
    done = Repriced(calls, changed, before, after)
    if not dry_run:
        record = [[at], [first], [last], [team], [calls], [changed], [before], [after]]
        record += [[prices.public_source], [prices.overrides]]
        rows = [pa.array(value, field.type) for value, field in zip(record, REPRICING_SCHEMA, strict=True)]
        store.insert("repricings", pa.record_batch(rows, schema=REPRICING_SCHEMA), token=uuid.uuid4().hex)
    return done


def _write(store: Store, different: Sequence[tuple[Span, Priced]], bounds: dict[str, Any]) -> None:
    """Write the new costs of these calls in one light update."""
    new = pa.table(
        {
            **{name: [getattr(call, name) for call, _ in different] for name in copies.IDENTITY},
            "cost_usd": pa.array([priced.cost_usd for _, priced in different], MONEY),
            "cost_source": [priced.source for _, priced in different],
            "unpriced_reason": [priced.reason for _, priced in different],
        }
    )
    # A new inserted_at makes the runs stale: if this process is killed before it wrote them, the next one does.
    columns = ("cost_usd", "cost_source", "unpriced_reason")
    changes = {column: f"{{{column}}}" for column in columns} | {"inserted_at": "now64(6)"}
    update_spans(store, new, changes, _WITHIN.replace("spans.", ""), bounds)  # the table has another name on a cluster


def _bounds(start: int, end: int) -> dict[str, Any]:
    return {"start": start, "end": end, "kinds": sorted(COSTED_KINDS)}


def _add(total: Decimal | None, cost: Decimal | None) -> Decimal | None:
    """Add what is known; nothing known stays unknown."""
    if cost is None:
        return total
    return cost if total is None else total + cost


def _ns(instant: datetime) -> int:
    """Return ns since the epoch, cut to the range that the store can hold."""
    return min(max(int(instant.timestamp()) * 10**9 + instant.microsecond * 1000, 0), LATEST)
