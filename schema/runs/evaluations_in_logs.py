"""Facts that log records add to the runs of their trace: verdicts of evaluators, and what redaction replaced."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from schema.normalise.evaluations import EVENT, of_record
from schema.runs.log_facts import RunFacts
from schema.runs.record_teams import IS_STAMPED, RESOURCE_TEAM, speakers
from schema.store.typed_rows import typed_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schema.runs.record_teams import Speaker
    from schema.runs.session_links import RunKey
    from schema.store.store import Store


class _Row(NamedTuple):
    """One row of _RECORDS."""

    trace_id: str
    team: str
    stamped: bool
    findings: list[tuple[str, int]]
    is_result: bool  # of an evaluator
    attributes: list[tuple[str, str]]
    body: str


# A request that was sent twice left its records twice.
_RECORDS: Final = f"""
SELECT trace_id, toString(team) AS team, {IS_STAMPED} AS stamped, findings, event_name = {{event:String}} AS is_result,
       if(is_result, attributes, map()) AS attributes, if(is_result, body, '') AS body
FROM logs
WHERE trace_id IN {{traces:Array(String)}} AND (notEmpty(logs.findings) OR event_name = {{event:String}})
LIMIT 1 BY trace_id, span_id, logs.team, time, event_name, logs.body, logs.attributes
"""  # noqa: S608 - our own words

_RUNS: Final = f"""
SELECT trace_id, toString(team) AS team, groupUniqArray({RESOURCE_TEAM}) AS resources
FROM spans
WHERE trace_id IN {{traces:Array(String)}}
GROUP BY trace_id, team
"""  # noqa: S608 - our own words


def facts_of_runs(store: Store, trace_ids: Sequence[str]) -> dict[RunKey, RunFacts]:
    """Return the facts that log records add to the runs of these traces; runs without such records are left out."""
    by_speaker: defaultdict[str, defaultdict[Speaker, RunFacts]] = defaultdict(lambda: defaultdict(RunFacts))
    for row in typed_rows(store.query(_RECORDS, {"traces": list(trace_ids), "event": EVENT}), _Row):
        by_speaker[row.trace_id][row.team, row.stamped].add(_facts_of(row))
    facts: defaultdict[RunKey, RunFacts] = defaultdict(RunFacts)
    for (trace_id, team), resources in _resource_teams(store, by_speaker):
        of_trace = by_speaker[trace_id]
        for speaker in sorted(speakers(team, resources) & of_trace.keys()):
            facts[trace_id, team].add(of_trace[speaker])
    return facts


def _facts_of(row: _Row) -> RunFacts:
    verdicts = {of_record(dict(row.attributes), row.body)} if row.is_result else set()
    return RunFacts(verdicts, Counter(dict(row.findings)))


def _resource_teams(store: Store, trace_ids: Iterable[str]) -> list[tuple[RunKey, list[str]]]:
    """Return the runs of these traces, each with the teams that the resources of its spans name."""
    traces = sorted(trace_ids)
    rows = store.query(_RUNS, {"traces": traces}).to_pylist() if traces else []
    return [((row["trace_id"], row["team"]), row["resources"]) for row in rows]
