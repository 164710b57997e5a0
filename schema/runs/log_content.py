"""Content that arrives only in log records, joined to its span by trace id and span id, in any order of arrival.

Two kinds of senders do this. Records of the OpenTelemetry GenAI events carry the id of their span
(https://github.com/open-telemetry/semantic-conventions-genai). Most records of Claude Code carry the id of the
interaction, an agent's span, and describe a model call or a tool inside it (schema.runs.log_claude_code). The table
`logs` is not changed: a record waits there for a span that comes later.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

import pyarrow as pa

from schema import copies
from schema.messages.conversation import PREVIEW, compact, prompt_hash
from schema.messages.tool_definitions import DEFINITION, offered, with_definitions
from schema.normalise.content import Chosen, choose
from schema.normalise.content_sources import NO_SOURCES
from schema.otlp.attributes import Plain, parse, text
from schema.runs.log_claude_code import read_claude_code
from schema.runs.log_facts import DETAILS, MESSAGES, LoggedSpan, Record, SpanFacts, event
from schema.runs.record_teams import IS_STAMPED, RESOURCE_TEAM, speakers
from schema.store.bulk_update import MONEY, update_spans
from schema.store.typed_rows import typed_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from schema.runs.record_teams import Speaker
    from schema.store.store import Store

RecordsBySpeaker: TypeAlias = "dict[Speaker, list[Record]]"
"""Records of one trace."""

TRACES_A_PASS: Final = 500
_FRAME: Final = frozenset({"type", "role", "finish_reason", "id"})  # keys of values that are no content

# A request that was sent twice left its records twice.
_RECORDS = f"""
SELECT DISTINCT trace_id, span_id, toString(team) AS team, {IS_STAMPED} AS stamped,
       toUnixTimestamp64Nano(time) AS at, event_name, body, attributes
FROM logs
WHERE trace_id IN {{traces:Array(String)}} AND span_id != ''
  AND (event_name IN {{names:Array(String)}} OR startsWith(event_name, 'claude_code.')
       OR startsWith(body, 'claude_code.'))
"""  # noqa: S608 - our own words
_SPANS = copies.spans(
    f"trace_id, span_id, toString(team) AS team, span_kind, service_name, {RESOURCE_TEAM} AS resource_team, kind,"
    " scope_name, model, tool_call_id, output_tokens, attributes['request_id'] AS request_id,"
    " toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns, input, output, input_preview, output_preview,"
    " prompt_hash, reported_cost_usd",
    "trace_id IN {traces:Array(String)}",
)
_TEXTS: Final = ("input", "output", "input_preview", "output_preview", "prompt_hash")
_ASSIGNMENTS: Final = {name: f"{{{name}}}" for name in _TEXTS} | {
    # The cost as it is at the moment of the update, for prices may change meanwhile.
    "reported_cost_usd": "coalesce(reported_cost_usd, {reported_cost_usd})",
    "cost_source": "if(cost_usd IS NULL AND {reported_cost_usd} IS NOT NULL, 'sender', cost_source)",
    "unpriced_reason": "if(cost_usd IS NULL AND {reported_cost_usd} IS NOT NULL, '', unpriced_reason)",
    "cost_usd": "coalesce(cost_usd, {reported_cost_usd})",
}


def join_logs(store: Store, trace_ids: Iterable[str]) -> set[str]:
    """Fill content and cost of these traces' spans from their log records where the records know more.

    Returns the traces of the spans that changed; a second call with nothing new changes nothing. Raises StoreError.
    """
    wanted = sorted(set(trace_ids) - {""})
    changed: set[str] = set()
    for first in range(0, len(wanted), TRACES_A_PASS):
        records = _records(store, wanted[first : first + TRACES_A_PASS])
        if records:
            updated = list(_completed(_spans(store, records), records))
            if updated:
                _write(store, updated)
            changed.update(span.trace_id for span in updated)
    return changed


def _records(store: Store, trace_ids: Sequence[str]) -> dict[str, RecordsBySpeaker]:
    """Return the records that may carry content, by trace."""
    by_trace: dict[str, RecordsBySpeaker] = defaultdict(lambda: defaultdict(list))
    for row in store.query(_RECORDS, {"traces": list(trace_ids), "names": list(MESSAGES)}).to_pylist():
        record = Record(**row | {"attributes": dict(row["attributes"])})
        by_trace[record.trace_id][record.team, record.stamped].append(record)
    return by_trace


def _spans(store: Store, trace_ids: Iterable[str]) -> list[LoggedSpan]:
    """Return the spans of these traces by start time."""
    spans = typed_rows(store.query(_SPANS, {"traces": sorted(trace_ids)}), LoggedSpan)
    return sorted(spans, key=attrgetter("start_ns", "span_id"))


def _completed(spans: Iterable[LoggedSpan], records: dict[str, RecordsBySpeaker]) -> Iterator[LoggedSpan]:
    """Yield the spans that the records of their traces change, with their new values."""
    by_run: dict[tuple[str, str], list[LoggedSpan]] = defaultdict(list)
    ids: dict[str, set[str]] = defaultdict(set)
    for span in spans:
        by_run[span.trace_id, span.team].append(span)
        ids[span.trace_id].add(span.span_id)
    for (trace_id, team), run in by_run.items():
        facts = _facts_of_spans(run, _records_of_run(team, run, records[trace_id], ids[trace_id]))
        for span in run:
            if span.span_id in facts:
                after = completed_span(span, facts[span.span_id])
                if after != span:
                    yield after


def _records_of_run(
    team: str, spans: Sequence[LoggedSpan], records: RecordsBySpeaker, ids_of_trace: set[str]
) -> list[Record]:
    """Return the records of a trace that may belong to these spans of it, all of one team, as they were written.

    A record that names the span of another team belongs to that one.
    """
    elsewhere = ids_of_trace - {span.span_id for span in spans}
    groups = speakers(team, {span.resource_team for span in spans})
    own = (record for group in groups for record in records.get(group, ()))
    return sorted((record for record in own if record.span_id not in elsewhere), key=Record.order)


def _facts_of_spans(spans: Sequence[LoggedSpan], records: Iterable[Record]) -> dict[str, SpanFacts]:
    """Return, by span id, the facts that these records add to the spans of one run."""
    facts: defaultdict[str, SpanFacts] = defaultdict(SpanFacts)
    claude_code = []
    for record in records:
        if record.event_name in MESSAGES:
            facts[record.span_id].events.append(_message_event(record))
        else:
            claude_code.append(record)
    read_claude_code(claude_code, spans, facts)
    return facts


def _message_event(record: Record) -> dict[str, Plain]:
    """Return a record as a span event: its attributes, the fields of its body, and those of the message in the body."""
    body = parse(record.body)
    attributes: dict[str, Plain] = {**record.attributes, **(body if isinstance(body, dict) else {"content": body})}
    if record.event_name != DETAILS:
        key = "message" if record.event_name == "gen_ai.choice" else "content"
        inner = attributes.get(key) or attributes.get("content")  # Gemini's choice calls its message content
        if isinstance(inner, dict):
            attributes |= inner
            inner = inner.get("content")
        attributes[key] = inner
        if record.event_name == "gen_ai.tool.message" and "id" in attributes:
            attributes.setdefault("tool_call_id", attributes["id"])
    return event(record.event_name, record, attributes)


def completed_span(span: LoggedSpan, facts: SpanFacts) -> LoggedSpan:
    """Return a span with the content and the cost of its records where they hold more; else the span as it is."""
    asked = _content(span.kind, facts, "user")
    if _weight(asked.content) > _weight(span.input):
        span = span._replace(input=_with_offered(asked, span.input), input_preview=asked.preview)
        if span.kind == "llm" and not span.prompt_hash:
            span = span._replace(prompt_hash=prompt_hash(asked.messages))
    answer = _content(span.kind, facts, "assistant")
    if _weight(answer.content) > _weight(span.output):
        span = span._replace(output=answer.content, output_preview=answer.preview)
    if span.reported_cost_usd is None:
        span = span._replace(reported_cost_usd=facts.cost_usd)
    return span


def _with_offered(asked: Chosen, before: str) -> str:
    """Return the new input with the tools that the span's own input offered, for records may hold the messages only."""
    tools = offered(parse(before))
    return compact(with_definitions(asked.messages, tools)) if tools and asked.messages else asked.content


def _content(kind: str, facts: SpanFacts, role: str) -> Chosen:
    """Return the richest reading: of single messages, of events that hold them all, or of a tool's arguments."""
    complete = [event for event in facts.events if event["name"] == DETAILS]
    single = [event for event in facts.events if event["name"] != DETAILS]
    # Where one span made several calls, the input of the last holds the history of the others; answers add up.
    sets = [single, *([event] for event in complete)] if role == "user" else [single, complete]
    readings = [choose(kind, NO_SOURCES, {}, events, role=role) for events in sets]
    if role == "user" and facts.arguments:
        readings.append(Chosen(facts.arguments, facts.arguments[:PREVIEW]))
    return max(readings, key=lambda reading: _weight(reading.content))


def _weight(content: str) -> int:
    """Return the length of a content in characters, without the frame around it.

    It grows with every record that is added, so the result is the same in any order of arrival. Tools offered do not
    count: a span has them even where no content was captured.
    """
    weight = 0
    waiting: list[Plain] = [parse(content)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("type") != DEFINITION:
                waiting += [item for key, item in value.items() if key not in _FRAME]
        elif isinstance(value, list):
            waiting += value
        elif value is not None:
            weight += len(text(value))
    return weight


def _write(store: Store, spans: Sequence[LoggedSpan]) -> None:
    columns = {
        name: pa.array([getattr(span, name) for span in spans], pa.string()) for name in (*copies.IDENTITY, *_TEXTS)
    }
    costs = {"reported_cost_usd": pa.array([span.reported_cost_usd for span in spans], MONEY)}
    traces = sorted({span.trace_id for span in spans})
    update_spans(
        store, pa.table(columns | costs), _ASSIGNMENTS, "trace_id IN {traces:Array(String)}", {"traces": traces}
    )
