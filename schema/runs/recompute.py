"""The table `runs`: one row a run, all spans of one trace and team, recomputed whenever some of them arrive."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema.normalise.evaluations import combined
from schema.otlp.attributes import list_of, parse
from schema.pricing.charge import call_of
from schema.pricing.real_calls import model_calls, tool_calls
from schema.runs.evaluations_in_logs import Told, told_by_logs
from schema.runs.record_teams import IS_STAMPED
from schema.runs.rows import RUN_SCHEMA
from schema.runs.session_links import known_runs
from schema.runs.sessions import stitch
from schema.runs.spans import spans_by_run
from schema.runs.versions import run_without_spans, unchanged
from schema.span import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from schema.runs.session_links import RunKey
    from schema.span import RunSpan
    from schema.store.store import Store

TRACES_A_PASS: Final = 500
_SETTLED_AFTER: Final = 5  # rounds; each needs another collector that wrote within the last one
_FRAMES: Final = frozenset({"workflow", "other"})  # kinds that an agent's failure shows through
# An hour covers the longest pass: a run is written after all of the spans and log records that it was computed from.
# Log records alone make no run. One that no key stamped may speak of every run of its trace: it has no team here.
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
    """Return the traces whose spans or log records are newer than their run: work that a killed process left."""
    ids: list[str] = store.query(_STALE).column("trace_id").to_pylist()
    return ids


def recompute(store: Store, trace_ids: Sequence[str]) -> int:
    """Write the runs of these traces anew from what the store holds; return how many there were.

    Runs of the same sessions are written too where their session changes (schema.runs.sessions).
    """
    written = 0
    for first in range(0, len(trace_ids), TRACES_A_PASS):
        with store.writing_runs:
            written += _recompute(store, trace_ids[first : first + TRACES_A_PASS])
    return written


def _recompute(store: Store, trace_ids: Sequence[str]) -> int:
    # Before it looks, so that a pass that saw more is the newer version; by the store's clock, as collectors' differ.
    now = int(store.command("SELECT toUnixTimestamp64Nano(now64(9))"))
    told = told_by_logs(store, trace_ids)
    versions = known_runs(store, trace_ids)
    known = {key: run for key, run in versions.items() if not run.is_deleted}
    rows: dict[RunKey, dict[str, Any]] = {}
    old: list[RunKey] = []  # runs that are newer than all of their spans
    for spans in spans_by_run(store, trace_ids):
        key = spans[0].trace_id, spans[0].team
        run = summarise(spans, told.get(key))
        before = known.get(key)
        # Even where the clock was set back meanwhile, this is the newer version.
        run["updated_at"] = max(now, versions[key].version + 1) if key in versions else now
        silent = before is not None and before.closed and before.span_count == run["span_count"]
        rows[key] = run | {"closed": run["complete"] or silent}
        if before is not None and max(span.inserted_at for span in spans) * 1000 <= before.version:
            old.append(key)
    gone = {key: run for key, run in known.items() if key not in rows}
    for key in unchanged(store, {key: rows[key] for key in old}, known):
        del rows[key]
    written = list(rows.values())
    if written or gone:
        others = stitch(store, written, known, gone)
        batch = [pa.Table.from_pylist(written, schema=RUN_SCHEMA), *([] if others is None else [others])]
        batch += [run_without_spans(run, now) for run in gone.values()]
        named = written[0]["trace_id"] if written else min(gone)[0]
        store.insert("runs", pa.concat_tables(batch).combine_chunks(), token=f"runs-{now}-{named}")
        if written and not store.embedded:
            _settle(store, written)
    return len(written)


def _settle(store: Store, rows: list[dict[str, Any]]) -> None:
    """Stitch these runs, which were just written, to those that another collector wrote meanwhile.

    Each looks after it wrote, so of two that wrote at once one at least sees both.
    """
    for _ in range(_SETTLED_AFTER):
        before = [row["first_trace_id"] for row in rows]
        others = stitch(store, rows, {}, {})
        moved = [row for row, first in zip(rows, before, strict=True) if row["first_trace_id"] != first]
        if not moved and (others is None or not others.num_rows):
            return
        for row in moved:
            row["updated_at"] += 1
        batch = pa.Table.from_pylist(moved, schema=RUN_SCHEMA)
        batch = batch if others is None else pa.concat_tables([batch, others]).combine_chunks()
        store.insert("runs", batch, token=uuid.uuid4().hex)


def failed(spans: Sequence[RunSpan]) -> bool:
    """Tell whether the run ended in an error: a root says so, or an agent that no tool and no other agent called."""
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        if span.status != "error" or span.approval_status == "requested":
            continue
        above = by_id.get(span.parent_span_id)
        if above is None:
            return True
        if span.kind == "agent":
            seen = {span.span_id}
            while above is not None and above.kind in _FRAMES and above.span_id not in seen:
                seen.add(above.span_id)
                above = by_id.get(above.parent_span_id)
            if above is None or (above.kind == "agent" and above.parent_span_id not in by_id):
                return True
    return False


def summarise(spans: Sequence[RunSpan], told: Told | None = None) -> dict[str, Any]:
    """Return the run that these spans (all of one trace and team, by start time) and its log records make up.

    It lacks what only the table knows: `first_trace_id`, `closed` and `updated_at`.
    """
    told = told or Told()
    parents = {span.span_id: span.parent_span_id for span in spans}
    roots = [span for span in spans if not span.parent_span_id]
    orphans = [span for span in spans if span.parent_span_id and span.parent_span_id not in parents]
    root = (roots or orphans or list(spans))[0]

    def first(column: str, unknown: str = "") -> str:
        return next((value for span in (root, *spans) if (value := getattr(span, column)) != unknown), unknown)

    start = min(span.start_time for span in spans)
    candidates = [call_of(span) for span in spans]
    real, used = model_calls(candidates, parents), tool_calls(candidates, parents)
    calls = [span for span in spans if span.span_id in real]
    answered = [call for call in calls if call.status != "error"]
    tools = [span for span in spans if span.span_id in used]
    error = failed(spans)
    evaluation = combined([*(span.evaluation for span in spans), *told.verdicts])
    findings = Counter(told.findings)
    for span in spans:
        findings.update(dict(span.findings))
    return {
        "trace_id": root.trace_id,
        "team": root.team,
        "workflow": first("workflow", UNASSIGNED),
        **{
            name: first(name)
            for name in ("workflow_version", "session_id", "user_id", "environment", "service_name", "input_preview")
        },
        "root_name": root.name,
        "start_time": start,
        "duration_ns": max(span.start_time + span.duration_ns for span in spans) - start,
        "outcome": first("outcome") or evaluation or ("failure" if error else "unknown"),
        "error": error,
        "model_calls": len(answered),
        "model_errors": len(calls) - len(answered),
        "tool_calls": len(tools),
        "tool_errors": sum(tool.status == "error" for tool in tools),
        **{name: _sum(answered, name) for name in ("input_tokens", "output_tokens", "cached_input_tokens")},
        "cost_usd": _sum(answered, "cost_usd"),
        "unpriced_calls": sum(call.cost_usd is None for call in answered),
        "call_span_ids": [call.span_id for call in calls],
        "models": sorted({call.model for call in calls if call.model}),
        "tools": sorted({tool.tool_name or tool.name for tool in tools}),
        "span_count": len(spans),
        "linked_traces": _linked(spans),
        "complete": bool(roots) and not orphans,
        "output_preview": root.output_preview
        or next((span.output_preview for span in reversed(spans) if span.output_preview), ""),
        "findings": list(findings.items()),
        "retain_until": max(span.retain_until for span in spans),
        "is_deleted": 0,
    }


def _linked(spans: Sequence[RunSpan]) -> list[str]:
    """Return the other traces that these spans link to."""
    links = [link for span in spans if span.links not in {"", "[]"} for link in list_of(parse(span.links))]
    found = {str(link.get("trace_id", "")) for link in links if isinstance(link, dict)}
    return sorted(trace for trace in found - {spans[0].trace_id} if trace.strip("0"))


def _sum(calls: Sequence[RunSpan], column: str) -> int | Decimal | None:
    """Add up what is known; nothing known stays unknown."""
    known = [value for call in calls if (value := getattr(call, column)) is not None]
    return sum(known[1:], known[0]) if known else None
