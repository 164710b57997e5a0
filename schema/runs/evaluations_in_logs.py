"""What log records add to the run of their trace: results of evaluators, and what redaction replaced in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from schema.normalise.evaluations import EVENT, of_record
from schema.runs.record_teams import IS_STAMPED, RESOURCE_TEAM, speakers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schema.store.store import Store

# A request that was sent twice left its records twice.
_RECORDS: Final = f"""
SELECT trace_id, toString(team) AS team, {IS_STAMPED} AS stamped, findings, event_name = {{event:String}} AS result,
       if(result, attributes, map()) AS attributes, if(result, body, '') AS body
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


@dataclass(slots=True)
class Told:
    """What the log records of one run say."""

    verdicts: set[str] = field(default_factory=set)  # of evaluators: schema.normalise.evaluations.verdict
    findings: Counter[str] = field(default_factory=Counter)

    def add(self, row: dict[str, Any]) -> None:
        """Add what one record says."""
        self.findings.update(dict(row["findings"]))
        if row["result"]:
            self.verdicts.add(of_record(dict(row["attributes"]), row["body"]))


def told_by_logs(store: Store, trace_ids: Sequence[str]) -> dict[tuple[str, str], Told]:
    """Return what log records say of these runs, by trace id and team; runs without such records are left out."""
    said: dict[str, dict[tuple[str, bool], Told]] = {}
    for row in store.query(_RECORDS, {"traces": list(trace_ids), "event": EVENT}).to_pylist():
        by_team = said.setdefault(row["trace_id"], {})
        by_team.setdefault((row["team"], row["stamped"]), Told()).add(row)
    told: dict[tuple[str, str], Told] = {}
    for run, resources in _runs(store, said):
        parts = [said[run[0]][speaker] for speaker in speakers(run[1], resources) if speaker in said[run[0]]]
        if parts:
            told[run] = Told()
            for part in parts:
                told[run].verdicts |= part.verdicts
                told[run].findings.update(part.findings)
    return told


def _runs(store: Store, trace_ids: Iterable[str]) -> list[tuple[tuple[str, str], list[str]]]:
    """Return the runs of these traces, by trace id and team, and the teams that their spans' resources name."""
    traces = sorted(trace_ids)
    rows = store.query(_RUNS, {"traces": traces}).to_pylist() if traces else []
    return [((row["trace_id"], row["team"]), row["resources"]) for row in rows]
