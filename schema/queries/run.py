"""What happened in one run?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema import copies
from schema.queries.tree import build_tree
from schema.queries.tree_keys import keys_of_rows
from schema.shared_ids import id_of
from schema.span import PLACED_AT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from schema.queries.scope import Scope
    from schema.store.store import Store

_TEAM = "(empty({teams:Array(String)}) OR team IN {teams:Array(String)})"
_USED: Final = ["span_id", "parent_span_id", "start_ns", "span_kind", "service_name", "placed_at"]  # for the tree alone
_MAPS = ("attributes", "resource_attributes", "context", "findings", "usage_units")


@dataclass(frozen=True, slots=True)
class Run:
    """One row of `runs`; docs/schema.md says what each column means."""

    trace_id: str
    team: str
    workflow: str
    workflow_version: str
    session_id: str
    user_id: str
    environment: str
    service_name: str
    root_name: str
    start_time: datetime
    duration_ns: int
    outcome: str
    error: bool
    model_calls: int
    model_errors: int
    tool_calls: int
    tool_errors: int
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    cost_usd: Decimal | None
    unpriced_calls: int
    unpriced_reasons: dict[str, int]
    reported_cost_usd: Decimal | None
    call_span_ids: list[str]
    models: list[str]
    tools: list[str]
    span_count: int
    linked_traces: list[str]
    first_trace_id: str
    complete: bool
    closed: bool
    input_preview: str
    output_preview: str
    findings: dict[str, int]
    retain_until: date
    updated_at: datetime


def _micros(table: pa.Table) -> pa.Table:
    """Cut timestamps to microseconds, which is what Python's datetime holds."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            cut = table.column(index).cast(pa.timestamp("us", "UTC"), safe=False)
            table = table.set_column(index, column.name, cut)
    return table


def load_run(store: Store, scope: Scope, trace_id: str, team: str | None = None) -> Run | None:
    """Return the run that this team has in the trace, or None if it has none there.

    Where no team is named, it is the one run of the trace, or that which started first.
    """
    rows = _micros(
        store.query(
            "SELECT * EXCEPT is_deleted FROM runs FINAL WHERE trace_id = {trace:String}"
            f" AND {_TEAM} AND {scope.where} ORDER BY start_time, team LIMIT 1",
            {"trace": trace_id, "teams": _named(team)} | scope.parameters,
        )
    ).to_pylist()
    maps = ("unpriced_reasons", "findings")  # Arrow gives them as lists of pairs
    return Run(**rows[0] | {name: dict(rows[0][name]) for name in maps}) if rows else None


@dataclass(frozen=True, slots=True)
class OtherTeam:
    """What another team has in the same trace: a run of its own, which counts nowhere else."""

    team: str
    span_count: int
    cost_usd: Decimal | None
    unpriced_calls: int


def other_teams(store: Store, scope: Scope, trace_id: str, team: str) -> list[OtherTeam]:
    """Return the runs that other teams have in this trace, by team."""
    rows = store.query(
        "SELECT toString(team) AS team, span_count, cost_usd, unpriced_calls FROM runs FINAL"
        f" WHERE trace_id = {{trace:String}} AND team != {{team:String}} AND {scope.where} ORDER BY team",
        {"trace": trace_id, "team": team} | scope.parameters,
    )
    return [OtherTeam(**row) for row in rows.to_pylist()]


def load_tree(store: Store, scope: Scope, trace_id: str, team: str | None = None, *, others: bool = False) -> pa.Table:
    """Return the light columns of every span of a team's run in tree pre-order; no team named: of the whole trace.

    With `others`, those of other teams in the same trace are there too. `span_id` is a key (schema.shared_ids), for two
    spans may share an id. Besides the columns of `spans`: parent (row, -1 for a root), depth, end (row after the
    subtree), orphan, start_ns (from the start of the run), start_known (false: start_ns is only a place in the run, the
    end of the span if that is known), and first_sent_by: the other team that sent a span of this id before, mostly
    empty. No rows if the store has no such run.
    """
    spans = store.query(
        copies.spans(
            "span_id, parent_span_id, toString(team) AS team, span_kind, service_name, kind, name, duration_ns, status,"
            " approval_status, model, tool_name, input_tokens, output_tokens, cost_usd, unpriced_reason,"
            f" toUnixTimestamp64Nano(start_time) AS start_ns, {PLACED_AT} AS placed_at",
            f"trace_id = {{trace:String}} AND {_TEAM} AND {scope.where}",
        ),
        {"trace": trace_id, "teams": [] if others else _named(team)} | scope.parameters,
    ).sort_by([(name, "ascending") for name in ("start_ns", "span_id", "team", "span_kind", "service_name")])
    starts = spans.column("start_ns").to_pylist()
    keys = keys_of_rows(spans)
    ids = [(key.own, key.team) for key in keys]
    senders = Counter(id_of(span_id) for span_id, _ in set(ids))
    first = _first_senders(store, scope, trace_id, {span_id for span_id, found in senders.items() if found > 1})
    parents = [key.parent for key in keys]
    if len({sender for _, sender in ids}) > 1:
        tree = build_tree(ids, _parents(ids, parents, first), starts)
    else:
        tree = build_tree([own for own, _ in ids], parents, starts)
    begin, last = _extent(spans, team)
    known = [place == "start" for place in spans.column("placed_at").to_pylist()]
    ordered = spans.take(pa.array(tree.order, pa.int64())).drop_columns(_USED)
    ordered = ordered.append_column("span_id", pa.array([ids[index][0] for index in tree.order], pa.string()))
    for name, values in (("parent", tree.parent), ("depth", tree.depth), ("end", tree.end)):
        ordered = ordered.append_column(name, pa.array(values, pa.int32()))
    offsets = pa.array(
        [(starts[index] if known[index] else min(max(starts[index], begin), last)) - begin for index in tree.order],
        pa.int64(),
    )
    ordered = ordered.append_column("start_known", pa.array([known[index] for index in tree.order], pa.bool_()))
    ordered = ordered.append_column("start_ns", offsets).append_column("orphan", pa.array(tree.orphan, pa.bool_()))
    also = [first.get(id_of(ids[index][0]), ids[index][1]) for index in tree.order]
    conflicts = ["" if sender == ids[index][1] else sender for sender, index in zip(also, tree.order, strict=True)]
    return ordered.append_column("first_sent_by", pa.array(conflicts, pa.string()))


def _extent(spans: pa.Table, team: str | None) -> tuple[int, int]:
    """Return the first start and the last end of the spans of a team (None: of all), in ns since the epoch."""
    rows = spans.select(["team", "start_ns", "duration_ns", "placed_at"]).to_pylist()
    rows = [row for row in rows if team in {None, row["team"]}] or rows
    for place in ("start", "end", "receipt"):
        there = [row for row in rows if row["placed_at"] == place]
        if there:
            ends = [row["start_ns"] + row["duration_ns"] for row in rows if row["placed_at"] in {place, "end"}]
            return min(row["start_ns"] for row in there), max(ends)
    return 0, 0


def load_span(
    store: Store, scope: Scope, trace_id: str, span_id: str, team: str | None = None
) -> dict[str, Any] | None:
    """Return every column of one span (times as aware datetimes, maps as dicts), or None if there is none.

    Where no team is named and several sent a span of this id, it is that of the first.
    """
    key, span_id = span_id, id_of(span_id)
    if team is None:
        team = _first_senders(store, scope, trace_id, {span_id}).get(span_id)
    table = _micros(
        store.query(
            copies.spans(
                "*", f"trace_id = {{trace:String}} AND span_id = {{span:String}} AND {_TEAM} AND {scope.where}"
            ),
            {"trace": trace_id, "span": span_id, "teams": _named(team)} | scope.parameters,
        )
    )
    rows = dict(zip((own for own, _, _ in keys_of_rows(table)), table.to_pylist(), strict=True))
    return rows[key] | {name: dict(rows[key][name]) for name in _MAPS} if key in rows else None


def _named(team: str | None) -> list[str]:
    return [] if team is None else [team]


def _first_senders(store: Store, scope: Scope, trace_id: str, span_ids: set[str]) -> dict[str, str]:
    """Return, for each of these span ids, the team of which the first copy was received."""
    if not span_ids:
        return {}
    rows = store.query(
        "SELECT span_id, argMin(toString(team), (received_at, _block_number, _block_offset)) AS team FROM spans"
        f" WHERE trace_id = {{trace:String}} AND span_id IN {{spans:Array(String)}} AND {scope.covers('spans.team')}"
        " GROUP BY span_id",
        {"trace": trace_id, "spans": sorted(span_ids)} | scope.parameters,
    ).to_pylist()
    return {row["span_id"]: row["team"] for row in rows}


def _parents(
    ids: Sequence[tuple[str, str]], parent_ids: Sequence[str], first: dict[str, str]
) -> list[tuple[str, str] | None]:
    """Return what each span is below: the parent that its own team sent, else the one that came first."""
    there = set(ids)
    only = {span_id: team for span_id, team in ids if span_id not in first} | first
    found: list[tuple[str, str] | None] = []
    for (_, team), parent in zip(ids, parent_ids, strict=True):
        own = (parent, team)
        found.append(own if own in there else (parent, only.get(parent, team)) if parent else None)
    return found
