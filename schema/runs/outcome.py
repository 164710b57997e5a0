"""The outcome of a run: success, failure, escalated or unknown, and which of its sources decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.span import RunSpan

UNKNOWN: Final = "unknown"
_FRAMES: Final = frozenset({"workflow", "other"})  # kinds that an agent's failure shows through


def outcome_of(*, stated: str, verdict: str, error: bool) -> str:
    """Return the outcome of a run. First match wins:

    1. `stated`: the outcome that the run's own spans name, "" if none does.
    2. `verdict`: of all evaluators together (schema.normalise.evaluations.combined), "" if none judged the run.
    3. `error`: the run ended in an error (`ended_in_error`), so it is a failure.
    4. Unknown: a run that ended without an error is not yet a success.
    """
    if stated:
        return stated
    if verdict:
        return verdict
    return "failure" if error else UNKNOWN


def ended_in_error(spans: Sequence[RunSpan]) -> bool:
    """Tell whether the run ended in an error: a root failed, or an agent that no tool and no other agent called.

    A span that waits for an approval has not failed, even with an error status.
    """
    by_id = {span.span_id: span for span in spans}
    return any(
        span.parent_span_id not in by_id or (span.kind == "agent" and _is_outermost_agent(span, by_id))
        for span in spans
        if span.status == "error" and span.approval_status != "requested"
    )


def _is_outermost_agent(agent: RunSpan, by_id: Mapping[str, RunSpan]) -> bool:
    """Tell whether nothing but frames is above an agent, or one agent that is a root."""
    seen = {agent.span_id}
    above = by_id.get(agent.parent_span_id)
    while above is not None and above.kind in _FRAMES and above.span_id not in seen:
        seen.add(above.span_id)
        above = by_id.get(above.parent_span_id)
    return above is None or (above.kind == "agent" and above.parent_span_id not in by_id)
