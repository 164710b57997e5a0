"""What log records add to the run of their trace: results of evaluators, and what redaction replaced in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schema.evaluations import EVENT, of_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schema.store import Store

# A request that was sent twice left its records twice.
_RECORDS: Final = """
SELECT trace_id, findings, event_name = {event:String} AS result,
       if(result, attributes, map()) AS attributes, if(result, body, '') AS body
FROM logs
WHERE trace_id IN {traces:Array(String)} AND (notEmpty(logs.findings) OR event_name = {event:String})
LIMIT 1 BY trace_id, span_id, time, event_name, logs.body, logs.attributes
"""


@dataclass(slots=True)
class Told:
    """What the log records of one run say."""

    verdicts: list[str] = field(default_factory=list)  # of evaluators: schema.evaluations.verdict
    findings: Counter[str] = field(default_factory=Counter)


def told_by_logs(store: Store, trace_ids: Sequence[str]) -> dict[str, Told]:
    """Return what log records say of these runs, by trace; runs without such records are left out."""
    told: dict[str, Told] = {}
    for row in store.query(_RECORDS, {"traces": list(trace_ids), "event": EVENT}).to_pylist():
        run = told.setdefault(row["trace_id"], Told())
        run.findings.update(dict(row["findings"]))
        if row["result"]:
            run.verdicts.append(of_record(dict(row["attributes"]), row["body"]))
    return told
