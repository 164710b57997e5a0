"""One run computed from its spans and from the facts that log records add."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from schema.normalise.evaluations import combined
from schema.otlp.attributes import list_of, parse
from schema.pricing.charge import calls_of
from schema.pricing.real_calls import FRAME_KINDS, below, counted_frames, model_calls, tool_calls
from schema.runs.log_facts import RunFacts
from schema.runs.outcome import ended_in_error, outcome_of
from schema.runs.rows import RunSummary
from schema.span import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from decimal import Decimal

    from schema.span import RunSpan

_Amount = TypeVar("_Amount", int, "Decimal")


def summarise(spans: Sequence[RunSpan], facts: RunFacts | None = None) -> RunSummary:
    """Return the run that these spans (at least one; all of one trace and team, by start time) make up.

    `facts` is what the log records of the run add, None where there are none.
    """
    facts = facts or RunFacts()
    candidates = calls_of(spans)
    parents = {call.span_id: call.parent_span_id for call in candidates}
    roots = [span for span in spans if not span.parent_span_id]
    orphans = [span for span in spans if span.parent_span_id and span.parent_span_id not in parents]
    root = (roots or orphans or spans)[0]
    root_first = [root, *spans]
    start, duration = _times(spans)
    real, used = model_calls(candidates, parents), tool_calls(candidates, parents)
    frames = counted_frames(candidates, parents, real)
    covered = below(frames, real, parents)
    keyed = [(span, call.span_id) for span, call in zip(spans, candidates, strict=True)]
    calls = [span for span, key in keyed if key in real]
    answered = [call for call in calls if call.status != "error"]
    paid = [span for span, key in keyed if key in frames]
    paid += [span for span, key in keyed if key in real - covered and span.status != "error"]
    tools = [span for span, key in keyed if key in used]
    error = ended_in_error(spans)
    findings = Counter(facts.findings)
    for span in spans:
        findings.update(dict(span.findings))
    return RunSummary(
        trace_id=root.trace_id,
        team=root.team,
        workflow=next((span.workflow for span in root_first if span.workflow != UNASSIGNED), UNASSIGNED),
        workflow_version=_first(span.workflow_version for span in root_first),
        session_id=_first(span.session_id for span in root_first),
        user_id=_first(span.user_id for span in root_first),
        environment=_first(span.environment for span in root_first),
        service_name=_first(span.service_name for span in root_first),
        root_name=root.name,
        start_time=start,
        duration_ns=duration,
        outcome=outcome_of(
            stated=_first(span.outcome for span in root_first),
            verdict=combined([*(span.evaluation for span in spans), *facts.verdicts]),
            error=error,
        ),
        error=error,
        model_calls=len(answered),
        model_errors=len(calls) - len(answered),
        tool_calls=len(tools),
        tool_errors=sum(tool.status == "error" for tool in tools),
        input_tokens=sum_of_known(span.input_tokens for span in paid),
        output_tokens=sum_of_known(span.output_tokens for span in paid),
        cached_input_tokens=sum_of_known(span.cached_input_tokens for span in paid),
        cost_usd=sum_of_known(span.cost_usd for span in paid),
        unpriced_calls=sum(span.cost_usd is None for span in paid),
        unpriced_reasons=sorted(
            Counter(span.unpriced_reason for span in paid if span.cost_usd is None and span.unpriced_reason).items()
        ),
        reported_cost_usd=_reported_above(keyed, frames, parents),
        call_span_ids=[span.span_id for span, key in keyed if key in frames or key in real - covered],
        models=sorted({span.model for span in (*calls, *paid) if span.model}),
        tools=sorted({tool.tool_name or tool.name for tool in tools}),
        span_count=len(spans),
        linked_traces=linked_traces(spans),
        complete=bool(roots) and not orphans,
        input_preview=_first(span.input_preview for span in root_first),
        output_preview=root.output_preview or _first(span.output_preview for span in reversed(spans)),
        findings=list(findings.items()),
        retain_until=max(span.retain_until for span in spans),
    )


def _reported_above(
    keyed: Sequence[tuple[RunSpan, str]], counted: Collection[str], parents: Mapping[str, str]
) -> Decimal | None:
    """Return what the outermost agents or workflows reported for everything, where that is not the cost that counts."""
    reported = {key: span.reported_cost_usd for span, key in keyed if span.kind in FRAME_KINDS}
    above = {key: cost for key, cost in reported.items() if cost is not None and key not in counted}
    return sum_of_known(above[key] for key in above.keys() - below(above, above, parents))


def _times(spans: Sequence[RunSpan]) -> tuple[int, int]:
    """Return the start of a run and its duration, which is 0 if no span has a known start.

    The receipt of a span says nothing about when the run was, unless nothing else is known.
    """
    starts = [span.start_time for span in spans if span.placed_at == "start"]
    ends = [span.start_time + span.duration_ns for span in spans if span.placed_at != "receipt"]
    if starts:
        return min(starts), max(ends) - min(starts)
    return min(ends or [span.start_time for span in spans]), 0


def linked_traces(spans: Sequence[RunSpan]) -> list[str]:
    """Return the other traces that these spans, all of one trace, link to; an id of zeros is none."""
    links = [link for span in spans if span.links not in {"", "[]"} for link in list_of(parse(span.links))]
    traces = {str(link.get("trace_id", "")) for link in links if isinstance(link, dict)}
    return sorted(trace for trace in traces - {spans[0].trace_id} if trace.strip("0"))


def sum_of_known(values: Iterable[_Amount | None]) -> _Amount | None:
    """Add up the known values; None if none is known, for unknown is never zero."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


def _first(values: Iterable[str]) -> str:
    """Return the first text that is not empty, "" if there is none."""
    return next(filter(None, values), "")
