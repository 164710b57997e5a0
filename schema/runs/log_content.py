"""Content that arrives only in log records, joined to its span by trace id and span id, in any order of arrival.

Two senders do this. Records of the OpenTelemetry GenAI events carry the id of the very span
(https://github.com/open-telemetry/semantic-conventions-genai). Those of Claude Code mostly carry the id of the
interaction, an agent's span, and tell of a model call or a tool inside it
(https://docs.claude.com/en/docs/claude-code/monitoring-usage). The table `logs` is left as it is: a record waits there
for a span that comes later.
"""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa

from schema import copies
from schema.messages.conversation import PREVIEW, compact, prompt_hash
from schema.messages.tool_definitions import DEFINITION, offered, with_definitions
from schema.normalise.content import Chosen, choose
from schema.normalise.content_sources import NO_SOURCES
from schema.otlp.attributes import Plain, parse, text
from schema.runs.log_claude_code import read_claude_code
from schema.runs.log_facts import DETAILS, MESSAGES, Record, Said, event
from schema.runs.record_teams import IS_STAMPED, RESOURCE_TEAM, speakers
from schema.store.bulk_update import MONEY, update_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from schema.store.store import Store

Speakers: TypeAlias = dict[tuple[str, bool], list[Record]]
"""Records of a trace by their team and whether an ingest key stamped it."""

TRACES_A_PASS: Final = 500
_FRAME: Final = frozenset({"type", "role", "finish_reason", "id"})  # keys whose values say nothing by themselves

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
    f"trace_id, span_id, toString(team) AS team, {RESOURCE_TEAM} AS resource_team, kind, scope_name, model,"
    " tool_call_id, output_tokens, attributes['request_id'] AS request_id,"
    " toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns, input, output, input_preview, output_preview,"
    " prompt_hash, reported_cost_usd",
    "trace_id IN {traces:Array(String)}",
)
_TEXTS: Final = ("input", "output", "input_preview", "output_preview", "prompt_hash")
_ASSIGNMENTS: Final = {name: f"{{{name}}}" for name in _TEXTS} | {
    # The cost as it is at the moment of the update, for prices may change meanwhile.
    "reported_cost_usd": "coalesce(reported_cost_usd, {reported_cost_usd})",
    "cost_source": "if(cost_usd IS NULL AND {reported_cost_usd} IS NOT NULL, 'sender', cost_source)",
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
            spans: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
            found = store.query(_SPANS, {"traces": sorted(records)}).to_pylist()
            for span in sorted(found, key=itemgetter("start_ns", "span_id")):
                spans[span["trace_id"], span["team"]].append(span)
            known: dict[str, set[str]] = defaultdict(set)
            for span in found:
                known[span["trace_id"]].add(span["span_id"])
            updated = [
                row
                for (trace_id, team), rows in spans.items()
                for row in _updated(rows, _speaking_of(team, rows, records[trace_id], known[trace_id]))
            ]
            if updated:
                _write(store, updated)
            changed.update(row["trace_id"] for row in updated)
    return changed


def _records(store: Store, trace_ids: Sequence[str]) -> dict[str, Speakers]:
    """Return the records that may carry content, by trace."""
    found: dict[str, Speakers] = defaultdict(lambda: defaultdict(list))
    for row in store.query(_RECORDS, {"traces": list(trace_ids), "names": list(MESSAGES)}).to_pylist():
        record = Record(**row | {"attributes": dict(row["attributes"])})
        found[record.trace_id][record.team, record.stamped].append(record)
    return found


def _speaking_of(team: str, spans: Sequence[dict[str, Any]], records: Speakers, known: set[str]) -> list[Record]:
    """Return the records of a trace that may speak of these spans of it, which are of one team, as they were written.

    `known` are the ids of all spans of the trace: what names one of another team is about that one.
    """
    elsewhere = known - {span["span_id"] for span in spans}
    groups = speakers(team, {span["resource_team"] for span in spans})
    speaking = (record for group in groups for record in records.get(group, ()))
    return sorted((record for record in speaking if record.span_id not in elsewhere), key=Record.order)


def _updated(spans: Sequence[dict[str, Any]], records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Return the spans of one run that its records change, with their new values."""
    said: defaultdict[str, Said] = defaultdict(Said)
    claude_code = []
    for record in records:
        if record.event_name in MESSAGES:
            said[record.span_id].events.append(_message_event(record))
        else:
            claude_code.append(record)
    read_claude_code(claude_code, spans, said)
    for span in spans:
        if span["span_id"] in said:
            changes = _changes(span, said[span["span_id"]])
            if changes:
                yield span | changes


def _message_event(record: Record) -> dict[str, Plain]:
    """Return a record as a span event: its body beside its attributes, the message inside the body spread out."""
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


def _changes(span: dict[str, Any], said: Said) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for column, role in (("input", "user"), ("output", "assistant")):
        found = _content(span["kind"], said, role)
        if _weight(found.content) > _weight(span[column]):
            content = _with_offered(found, span[column]) if role == "user" else found.content
            changes |= {column: content, f"{column}_preview": found.preview}
            if role == "user" and span["kind"] == "llm" and not span["prompt_hash"]:
                changes["prompt_hash"] = prompt_hash(found.messages)
    if said.cost_usd is not None and span["reported_cost_usd"] is None:
        changes["reported_cost_usd"] = said.cost_usd
    return changes


def _with_offered(found: Chosen, before: str) -> str:
    """Return the new input with the tools that the span itself told of, for records may hold the messages only."""
    tools = offered(parse(before))
    return compact(with_definitions(found.messages, tools)) if tools and found.messages else found.content


def _content(kind: str, said: Said, role: str) -> Chosen:
    """Return the richest reading: of single messages, of events that hold them all, or of a tool's arguments."""
    whole = [event for event in said.events if event["name"] == DETAILS]
    single = [event for event in said.events if event["name"] != DETAILS]
    # Where one span made several calls, what went into the last holds the others' history; answers add up.
    sets = [single, *([event] for event in whole)] if role == "user" else [single, whole]
    readings = [choose(kind, NO_SOURCES, {}, events, role=role) for events in sets]
    if role == "user" and said.arguments:
        readings.append(Chosen(said.arguments, said.arguments[:PREVIEW]))
    return max(readings, key=lambda reading: _weight(reading.content))


def _weight(content: str) -> int:
    """Return how much a content says, in characters, whatever the frame in which it says so.

    It grows with every record that is added, so the last word is the same in any order of arrival. Tools offered do not
    count: they are no content, and where none was captured they are there all the same.
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


def _write(store: Store, spans: Sequence[dict[str, Any]]) -> None:
    columns = {name: pa.array([span[name] for span in spans], pa.string()) for name in (*copies.IDENTITY, *_TEXTS)}
    costs = {"reported_cost_usd": pa.array([span["reported_cost_usd"] for span in spans], MONEY)}
    traces = sorted({span["trace_id"] for span in spans})
    update_spans(
        store, pa.table(columns | costs), _ASSIGNMENTS, "trace_id IN {traces:Array(String)}", {"traces": traces}
    )
