"""The table `runs`: one row a run, all spans of one trace and team, recomputed whenever some of them arrive."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from schema.pricing.prices import prices_of
from schema.runs.evaluations_in_logs import facts_of_runs
from schema.runs.frames import settle_frames
from schema.runs.record_teams import IS_STAMPED
from schema.runs.rows import RunRow, run_table
from schema.runs.session_links import known_runs
from schema.runs.sessions import assign_sessions
from schema.runs.spans import spans_by_run
from schema.runs.summary import summarise
from schema.runs.versions import row_without_spans, unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.pricing.prices import Prices
    from schema.runs.session_links import KnownRun, RunKey
    from schema.store.store import Store

TRACES_A_PASS: Final = 500
_SETTLED_AFTER: Final = 5  # rounds; each needs another collector that wrote within the last one
# An hour covers the longest pass: a run is written after all of the spans and log records that it was computed from.
# Log records alone make no run. One without a stamp may belong to every run of its trace: it has no team here.
_STALE = f"""
WITH (SELECT max(updated_at) FROM runs) - INTERVAL 1 HOUR AS since
SELECT DISTINCT touched.trace_id AS trace_id
FROM (SELECT trace_id, team, max(inserted_at) AS last, max(is_span) AS has_span
      FROM (SELECT trace_id, toString(team) AS team, inserted_at, true AS is_span FROM spans WHERE inserted_at > since
            UNION ALL
            SELECT trace_id, if({IS_STAMPED}, toString(team), '') AS team, inserted_at, false AS is_span
            FROM logs WHERE inserted_at > since AND trace_id != '')
      GROUP BY trace_id, team) AS touched
LEFT JOIN (SELECT trace_id, arrayJoin(['', team]) AS team, min(version) AS written, true AS known
           FROM (SELECT trace_id, toString(team) AS team, max(updated_at) AS version FROM runs
                 GROUP BY trace_id, team HAVING NOT argMax(is_deleted, updated_at))
           GROUP BY trace_id, team) AS run
USING (trace_id, team)
WHERE run.written < touched.last AND (touched.has_span OR run.known)
"""  # noqa: S608 - our own words


def stale_traces(store: Store) -> list[str]:
    """Return the traces with spans or log records that are newer than their run: work that a killed process left."""
    ids: list[str] = store.query(_STALE).column("trace_id").to_pylist()
    return ids


def recompute(store: Store, trace_ids: Sequence[str], prices: Prices | None = None) -> int:
    """Compute the runs of these traces from the store and write them; return how many were written.

    `prices` are for agents and workflows whose own report counts (schema.runs.frames); None: the public ones.

    Other runs of the same sessions are written too where their session changes (schema.runs.sessions).
    """
    written, prices = 0, prices or prices_of(())
    for first in range(0, len(trace_ids), TRACES_A_PASS):
        with store.writing_runs:
            written += _recompute(store, trace_ids[first : first + TRACES_A_PASS], prices)
    return written


def _recompute(store: Store, trace_ids: Sequence[str], prices: Prices) -> int:
    # Before the pass reads, so that one that read more is the newer version; by the store's clock, as others differ.
    now = int(store.command("SELECT toUnixTimestamp64Nano(now64(9))"))
    facts = facts_of_runs(store, trace_ids)
    versions = known_runs(store, trace_ids)
    known = {key: run for key, run in versions.items() if not run.is_deleted}
    rows: dict[RunKey, RunRow] = {}
    old: list[RunKey] = []  # runs that are newer than all of their spans
    for spans in settle_frames(store, list(spans_by_run(store, trace_ids)), prices):
        key = spans[0].trace_id, spans[0].team
        summary = summarise(spans, facts.get(key))
        before = known.get(key)
        closed = summary.complete or _stays_closed(before, summary.span_count)
        # Even where the clock was set back meanwhile, this is the newer version.
        rows[key] = RunRow(summary, closed, max(now, versions[key].version + 1) if key in versions else now)
        if before is not None and max(span.inserted_at for span in spans) * 1000 <= before.version:
            old.append(key)
    gone = {key: run for key, run in known.items() if key not in rows}
    for key in unchanged(store, {key: rows[key].summary for key in old}, known):
        del rows[key]
    if rows or gone:
        written, others = _with_sessions(store, rows, known, gone)
        batch = [run_table(written), *([] if others is None else [others])]
        batch += [row_without_spans(run, now) for run in gone.values()]
        named = written[0].summary.trace_id if written else min(gone)[0]
        store.insert("runs", pa.concat_tables(batch).combine_chunks(), token=f"runs-{now}-{named}")
        if written and not store.embedded:
            _settle(store, written)
    return len(rows)


def _stays_closed(before: KnownRun | None, span_count: int) -> bool:
    """Tell whether a run was closed after a silence and no span came since."""
    return before is not None and before.closed and before.span_count == span_count


def _with_sessions(
    store: Store, rows: Mapping[RunKey, RunRow], known: Mapping[RunKey, KnownRun], gone: Mapping[RunKey, KnownRun]
) -> tuple[list[RunRow], pa.Table | None]:
    """Return these rows with the session of each, and the rows of other runs that get another session with it."""
    firsts, others = assign_sessions(store, [row.summary for row in rows.values()], known, gone)
    return [row._replace(first_trace_id=firsts[key]) for key, row in rows.items()], others


def _settle(store: Store, rows: list[RunRow]) -> None:
    """Connect these runs, which were just written, with those that another collector wrote meanwhile.

    Each collector reads after it wrote, so of two that wrote at once at least one reads both.
    """
    for _ in range(_SETTLED_AFTER):
        before = {row.summary.key: row.first_trace_id for row in rows}
        after, others = _with_sessions(store, {row.summary.key: row for row in rows}, {}, {})
        rows = [
            row if row.first_trace_id == before[row.summary.key] else row._replace(updated_at=row.updated_at + 1)
            for row in after
        ]
        moved = [row for row in rows if row.first_trace_id != before[row.summary.key]]
        if not moved and (others is None or not others.num_rows):
            return
        batch = run_table(moved)
        batch = batch if others is None else pa.concat_tables([batch, others]).combine_chunks()
        store.insert("runs", batch, token=uuid.uuid4().hex)
