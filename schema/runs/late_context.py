"""Team, workflow, session and the rest for spans whose ancestors came in another request, before or after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema.normalise.context import COLUMN_OF, own_team, remembered, resolve
from schema.otlp.timestamps import retained_until
from schema.span import UNASSIGNED
from schema.store.bulk_update import ROW, update_spans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from schema.normalise.context import Context
    from schema.policy.policy import Policy, Retention
    from schema.store.store import Store

TRACES_A_PASS: Final = 500
# The context of a trace that came in one request was resolved in that request. Its maps are not read again: that would
# cost a third of the pass.
_SEVERAL_REQUESTS: Final = (
    "SELECT trace_id FROM spans WHERE trace_id IN {traces:Array(String)}"
    " GROUP BY trace_id HAVING min(received_at) < max(received_at)"
)
# Where no span names anything, nothing is inherited. Where one span names no team and others do, it may be of theirs,
# or no longer be.
_INHERITING: Final = """
SELECT trace_id
FROM spans
WHERE trace_id IN {traces:Array(String)}
GROUP BY trace_id
HAVING max(arrayExists(word -> splitByChar('.', word)[1] IN ('operator', 'associated', 'named'), mapKeys(context)))
    OR NOT min(arrayExists(word -> endsWith(word, '.team'), mapKeys(context))) AND min(team) < max(team)
"""
_COLUMNS: Final = tuple(COLUMN_OF.values())
_UNKNOWN: Final = {"team": UNASSIGNED, "workflow": UNASSIGNED}
# Every stored copy of every span, in the order in which they were received.
_SPANS: Final = (
    f"SELECT trace_id, span_id, parent_span_id, {', '.join(_COLUMNS)}, context, arrival_team,"  # noqa: S608 - our own names
    " toUnixTimestamp64Nano(received_at) AS received_ns, toUInt32(retain_until) AS retained, _partition_id AS partition"
    " FROM spans WHERE trace_id IN {traces:Array(String)}"
    " ORDER BY trace_id, span_id, received_at, _block_number, _block_offset"
)
_WHERE: Final = "trace_id IN {traces:Array(String)}"


def inherit(store: Store, trace_ids: Collection[str], policy: Policy) -> set[str]:
    """Give the spans of these traces the context columns that they would have, had each trace come in one request.

    How long a span is kept goes with its new team and workflow. Call it with every trace that was touched, before the
    runs are recomputed: a run that is newer than its spans says that this is done. Returns the traces of the spans that
    changed; a second call with nothing new changes nothing. Raises StoreError.
    """
    wanted = sorted(set(trace_ids) - {""})
    changed: set[str] = set()
    for first in range(0, len(wanted), TRACES_A_PASS):
        several = _traces_of(store, _SEVERAL_REQUESTS, wanted[first : first + TRACES_A_PASS])
        traces = _traces_of(store, _INHERITING, several) if several else []
        if traces:
            rows = store.query(_SPANS, {"traces": traces}).to_pylist()
            spans = list(_changed(rows, policy.retention))
            if spans:
                _write(store, spans)
            changed.update(span["trace_id"] for span in spans)
    return changed


def _traces_of(store: Store, sql: str, trace_ids: Sequence[str]) -> list[str]:
    found: list[str] = store.query(sql, {"traces": trace_ids}).column("trace_id").to_pylist()
    return found


def _changed(rows: Iterable[dict[str, Any]], retention: Retention) -> Iterator[dict[str, Any]]:
    """Yield the stored copies of spans whose context is another now, with their new columns.

    Copies of one id that name the same team by themselves are one span, and the last of them says what it names.
    """
    spans: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    contexts: dict[tuple[str, str, str], Context] = {}
    for row in rows:
        context = remembered(
            (row["trace_id"], row["span_id"]), (row["trace_id"], row["parent_span_id"]), dict(row["context"])
        )
        span = (*context.span, own_team(context))
        spans.setdefault(span, []).append(row)
        contexts[span] = context
    for same, values in zip(spans.values(), resolve(list(contexts.values())), strict=True):
        new = {name: _UNKNOWN.get(name, "") for name in _COLUMNS} | dict(values)
        if any(_differ(row, new, _COLUMNS) for row in same):
            retained = same[-1]["retained"]
            if any(_differ(row, new, ("team", "workflow")) for row in same):
                retained = retained_until(same[-1]["received_ns"], retention.days_for(new["team"], new["workflow"]))
            moved = any(row["retained"] != retained for row in same)
            for row in same:
                yield row | new | {"retained": retained, "moved": moved}


def _differ(row: dict[str, Any], new: dict[str, str], names: Iterable[str]) -> bool:
    return any(row[name] != new[name] for name in names)


def _write(store: Store, spans: Sequence[dict[str, Any]]) -> None:
    """Write the new values; the context last, so that whoever finds this half done does it again."""
    moved = [span for span in spans if span["moved"]]
    if moved:
        update_spans(
            store,
            _table(moved, retain_until=pa.array([span["retained"] for span in moved], pa.int32()).cast(pa.date32())),
            {"retain_until": "{retain_until}"},
            _WHERE,
            {"traces": _traces(moved)},
            by=ROW,
        )
        # A part drops its rows by the dates that it had when it was written: have them looked up again.
        for partition in sorted({span["partition"] for span in moved}):
            store.command(f"ALTER TABLE {store.layout.stored('spans')} MATERIALIZE TTL IN PARTITION ID '{partition}'")
    update_spans(
        store,
        _table(spans, **{name: pa.array([span[name] for span in spans], pa.string()) for name in _COLUMNS}),
        {name: f"{{{name}}}" for name in _COLUMNS},
        _WHERE,
        {"traces": _traces(spans)},
        by=ROW,
    )


def _table(spans: Sequence[dict[str, Any]], **values: pa.Array) -> pa.Table:
    return pa.table({name: pa.array([str(span[name]) for span in spans], pa.string()) for name in ROW} | values)


def _traces(spans: Iterable[dict[str, Any]]) -> list[str]:
    return sorted({span["trace_id"] for span in spans})
