"""Context of spans (team, workflow, session ...) from ancestors that came in other requests, before or after them."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa

from schema.normalise.context import own_team, remembered, resolve
from schema.otlp.timestamps import retained_until
from schema.span import UNASSIGNED
from schema.store.bulk_update import ROW, update_spans
from schema.store.typed_rows import typed_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from schema.normalise.context import Context
    from schema.policy.policy import Policy, Retention
    from schema.store.store import Store

TRACES_A_PASS: Final = 500
# The context of spans that came in one request is resolved already: the maps of such a trace are not read again, which
# would cost a third of the pass.
_SEVERAL_REQUESTS: Final = (
    "SELECT trace_id FROM spans WHERE trace_id IN {traces:Array(String)}"
    " GROUP BY trace_id HAVING min(received_at) < max(received_at)"
)
# Where no span names anything, nothing is inherited; a span that names no team may belong to the team of others, or no
# longer belong to it.
_INHERITING: Final = """
SELECT trace_id
FROM spans
WHERE trace_id IN {traces:Array(String)}
GROUP BY trace_id
HAVING max(arrayExists(word -> splitByChar('.', word)[1] IN ('operator', 'associated', 'named'), mapKeys(context)))
    OR NOT min(arrayExists(word -> endsWith(word, '.team'), mapKeys(context))) AND min(team) < max(team)
"""


class ContextColumns(NamedTuple):
    """The columns of `spans` that hold context; a column that is not named has its default."""

    team: str = UNASSIGNED
    workflow: str = UNASSIGNED
    workflow_version: str = ""
    session_id: str = ""
    user_id: str = ""
    environment: str = ""


_CONTEXT: Final = ContextColumns._fields
_context_of = attrgetter(*_CONTEXT)


class StoredContext(NamedTuple):
    """The context of one stored copy of a span."""

    trace_id: str
    span_id: str
    parent_span_id: str
    team: str
    workflow: str
    workflow_version: str
    session_id: str
    user_id: str
    environment: str
    span_kind: str
    service_name: str
    context: list[tuple[str, str]]  # what it and its resource name: schema/normalise/context.py
    arrival_team: str  # the team that it was stored with
    received_ns: int  # ns since the epoch
    retained: int  # days since the epoch
    partition: str


class ChangedContext(NamedTuple):
    """A stored copy of a span and the context that it gets."""

    copy: StoredContext
    columns: ContextColumns
    retained: int  # days since the epoch
    retention_changed: bool  # of this copy or of another one of its span


# Every stored copy of every span, in the order in which they were received.
_SPANS: Final = (
    f"SELECT trace_id, span_id, parent_span_id, {', '.join(_CONTEXT)}, span_kind, service_name, context,"  # noqa: S608 - our own names
    " arrival_team, toUnixTimestamp64Nano(received_at) AS received_ns, toUInt32(retain_until) AS retained,"
    " _partition_id AS partition FROM spans WHERE trace_id IN {traces:Array(String)}"
    " ORDER BY trace_id, span_id, received_at, _block_number, _block_offset"
)


def inherit(store: Store, trace_ids: Collection[str], policy: Policy) -> set[str]:
    """Give the spans of these traces the context columns that they would have if each trace had come in one request.

    The retention of a span follows its new team and workflow. Call it with every trace that was touched, before the
    runs are recomputed: a run that is newer than its spans means that this is done. Returns the traces of the spans
    that changed; a second call with nothing new changes nothing. Raises StoreError.
    """
    wanted = sorted(set(trace_ids) - {""})
    changed: set[str] = set()
    for first in range(0, len(wanted), TRACES_A_PASS):
        several = _traces_of(store, _SEVERAL_REQUESTS, wanted[first : first + TRACES_A_PASS])
        traces = _traces_of(store, _INHERITING, several) if several else []
        if traces:
            copies = typed_rows(store.query(_SPANS, {"traces": traces}), StoredContext)
            changes = list(changed_contexts(copies, policy.retention))
            if changes:
                _write(store, changes)
            changed.update(change.copy.trace_id for change in changes)
    return changed


def _traces_of(store: Store, sql: str, trace_ids: Sequence[str]) -> list[str]:
    traces: list[str] = store.query(sql, {"traces": trace_ids}).column("trace_id").to_pylist()
    return traces


def changed_contexts(stored: Iterable[StoredContext], retention: Retention) -> Iterator[ChangedContext]:
    """Yield the stored copies of spans that get another context, with their new columns.

    Copies of one kind and service under one id that name the same team by themselves are one span, and the last of
    them has its context.
    """
    spans: dict[tuple[str, ...], list[StoredContext]] = {}
    contexts: dict[tuple[str, ...], Context] = {}
    for copy in stored:
        context = remembered((copy.trace_id, copy.span_id), (copy.trace_id, copy.parent_span_id), dict(copy.context))
        span = (*context.span, own_team(context), copy.span_kind, copy.service_name)
        spans.setdefault(span, []).append(copy)
        contexts[span] = context
    for same, values in zip(spans.values(), resolve(list(contexts.values())), strict=True):
        yield from _changed_copies(same, ContextColumns(**dict(values)), retention)


def _changed_copies(
    same: Sequence[StoredContext], new: ContextColumns, retention: Retention
) -> Iterator[ChangedContext]:
    """Yield all copies of one span, in the order in which they were received, if one of them has another context."""
    if all(_context_of(copy) == new for copy in same):
        return
    last = same[-1]
    retained = last.retained
    if any((copy.team, copy.workflow) != (new.team, new.workflow) for copy in same):
        retained = retained_until(last.received_ns, retention.days_for(new.team, new.workflow))
    retention_changed = any(copy.retained != retained for copy in same)
    for copy in same:
        yield ChangedContext(copy, new, retained, retention_changed)


def _write(store: Store, changes: Sequence[ChangedContext]) -> None:
    """Write the new values; the context last, so that a pass that was killed in between is done again."""
    moved = [change for change in changes if change.retention_changed]
    if moved:
        days = pa.array([change.retained for change in moved], pa.int32()).cast(pa.date32())
        _update(store, moved, {"retain_until": days})
        # A part drops its rows by the dates that it had when it was written: have them looked up again.
        for partition in sorted({change.copy.partition for change in moved}):
            store.command(f"ALTER TABLE {store.layout.stored('spans')} MATERIALIZE TTL IN PARTITION ID '{partition}'")
    columns = zip(*(change.columns for change in changes), strict=True)
    _update(store, changes, {name: pa.array(texts, pa.string()) for name, texts in zip(_CONTEXT, columns, strict=True)})


def _update(store: Store, changes: Sequence[ChangedContext], values: dict[str, pa.Array]) -> None:
    """Set columns of these copies."""
    copies = [change.copy for change in changes]
    identity = {name: pa.array([str(getattr(copy, name)) for copy in copies], pa.string()) for name in ROW}
    update_spans(
        store,
        pa.table(identity | values),
        {name: f"{{{name}}}" for name in values},
        "trace_id IN {traces:Array(String)}",
        {"traces": sorted({copy.trace_id for copy in copies})},
        by=ROW,
    )
