"""Content that arrives only in log records, joined to its span by trace id and span id, in any order of arrival.

Two senders do this. Records of the OpenTelemetry GenAI events carry the id of the very span
(https://github.com/open-telemetry/semantic-conventions-genai). Those of Claude Code mostly carry the id of the
interaction, an agent's span, and tell of a model call or a tool inside it
(https://docs.claude.com/en/docs/claude-code/monitoring-usage). The table `logs` is left as it is: a record waits there
for a span that comes later.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema.attributes import Plain, parse, text
from schema.bulk_update import MONEY, update_spans
from schema.content import Chosen, choose
from schema.definitions import DEFINITION, offered, with_definitions
from schema.messages import PREVIEW, compact, system_text
from schema.sources import NO_SOURCES
from schema.usage import count, money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from schema.store import Store

TRACES_A_PASS: Final = 500
_DETAILS: Final = "gen_ai.client.inference.operation.details"  # holds a whole conversation; the others one message each
_MESSAGES: Final = (
    *("gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message"),
    *("gen_ai.choice", _DETAILS),
)
_CLAUDE_CODE: Final = "claude_code."
_CLAUDE_CODE_SCOPE: Final = "com.anthropic.claude_code"
_HIDDEN: Final = frozenset({None, "", "<REDACTED>"})  # what Claude Code says unless it may log its texts
_MAIN: Final = ("sdk", "repl_main_thread")  # whose requests go on with the user's prompt; others are side work
_LATE: Final = 20_000_000  # ns by which a record may follow the end of its call: their clocks tick in milliseconds
_FRAME: Final = frozenset({"type", "role", "finish_reason", "id"})  # keys whose values say nothing by themselves

# A request that was sent twice left its records twice.
_RECORDS = """
SELECT DISTINCT trace_id, span_id, toUnixTimestamp64Nano(time) AS at, event_name, body, attributes
FROM logs
WHERE trace_id IN {traces:Array(String)} AND span_id != ''
  AND (event_name IN {names:Array(String)} OR startsWith(event_name, 'claude_code.')
       OR startsWith(body, 'claude_code.'))
"""
_SPANS = """
SELECT trace_id, span_id, kind, scope_name, model, tool_call_id, output_tokens, attributes['request_id'] AS request_id,
       toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns, input, output, input_preview, output_preview,
       prompt_hash, reported_cost_usd
FROM spans
WHERE trace_id IN {traces:Array(String)}
ORDER BY trace_id, start_ns, span_id, received_at DESC
LIMIT 1 BY trace_id, span_id
"""
_TEXTS: Final = ("input", "output", "input_preview", "output_preview", "prompt_hash")
_ASSIGNMENTS: Final = {name: f"{{{name}}}" for name in _TEXTS} | {
    # The cost as it is at the moment of the update, for prices may change meanwhile.
    "reported_cost_usd": "coalesce(reported_cost_usd, {reported_cost_usd})",
    "cost_source": "if(cost_usd IS NULL AND {reported_cost_usd} IS NOT NULL, 'sender', cost_source)",
    "cost_usd": "coalesce(cost_usd, {reported_cost_usd})",
}


@dataclass(frozen=True, slots=True)
class _Record:
    """One row of `logs`."""

    trace_id: str
    span_id: str
    at: int  # ns since the epoch
    event_name: str
    body: str
    attributes: dict[str, str]

    def order(self) -> tuple[int, int, int, str]:
        """Return what sorts the records of a trace as they were written."""
        place = _MESSAGES.index(self.event_name) if self.event_name in _MESSAGES else len(_MESSAGES)
        return self.at, self.number() or 0, place, self.body

    def name(self) -> str:
        """Return what a record of Claude Code is about."""
        return (self.event_name or self.body).removeprefix(_CLAUDE_CODE)

    def number(self) -> int | None:
        """Return which record of its process it is, None if it does not say."""
        return count(self.attributes.get("event.sequence"))


@dataclass(slots=True)
class _Said:
    """What the records say about one span."""

    events: list[dict[str, Plain]] = field(default_factory=list)  # messages, in the shape of span events
    arguments: str = ""  # what a tool was called with
    cost_usd: Decimal | None = None


def join_logs(store: Store, trace_ids: Iterable[str]) -> set[str]:
    """Fill content and cost of these traces' spans from their log records where the records know more.

    Returns the traces of the spans that changed; a second call with nothing new changes nothing. Raises StoreError.
    """
    wanted = sorted(set(trace_ids) - {""})
    changed: set[str] = set()
    for first in range(0, len(wanted), TRACES_A_PASS):
        records = _records(store, wanted[first : first + TRACES_A_PASS])
        if records:
            spans: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for span in store.query(_SPANS, {"traces": sorted(records)}).to_pylist():
                spans[span["trace_id"]].append(span)
            updated = [row for trace_id, rows in spans.items() for row in _updated(rows, records[trace_id])]
            if updated:
                _write(store, updated)
            changed.update(row["trace_id"] for row in updated)
    return changed


def _records(store: Store, trace_ids: Sequence[str]) -> dict[str, list[_Record]]:
    """Return the records that may carry content, by trace, in the order in which they were written."""
    found: dict[str, list[_Record]] = defaultdict(list)
    for row in store.query(_RECORDS, {"traces": list(trace_ids), "names": list(_MESSAGES)}).to_pylist():
        found[row["trace_id"]].append(_Record(**row | {"attributes": dict(row["attributes"])}))
    for records in found.values():
        records.sort(key=_Record.order)
    return found


def _updated(spans: Sequence[dict[str, Any]], records: Iterable[_Record]) -> Iterator[dict[str, Any]]:
    """Return the spans of one trace that its records change, with their new values."""
    said: defaultdict[str, _Said] = defaultdict(_Said)
    claude_code = []
    for record in records:
        if record.event_name in _MESSAGES:
            said[record.span_id].events.append(_message_event(record))
        else:
            claude_code.append(record)
    _read_claude_code(claude_code, spans, said)
    for span in spans:
        if span["span_id"] in said:
            changes = _changes(span, said[span["span_id"]])
            if changes:
                yield span | changes


def _message_event(record: _Record) -> dict[str, Plain]:
    """Return a record as a span event: its body beside its attributes, the message inside the body spread out."""
    body = parse(record.body)
    attributes: dict[str, Plain] = {**record.attributes, **(body if isinstance(body, dict) else {"content": body})}
    if record.event_name != _DETAILS:
        key = "message" if record.event_name == "gen_ai.choice" else "content"
        inner = attributes.get(key) or attributes.get("content")  # Gemini's choice calls its message content
        if isinstance(inner, dict):
            attributes |= inner
            inner = inner.get("content")
        attributes[key] = inner
        if record.event_name == "gen_ai.tool.message" and "id" in attributes:
            attributes.setdefault("tool_call_id", attributes["id"])
    return _event(record.event_name, record, attributes)


def _event(name: str, record: _Record, attributes: dict[str, Plain]) -> dict[str, Plain]:
    return {"time": record.at, "name": name, "attributes": attributes}


def _read_claude_code(
    records: Sequence[_Record], spans: Sequence[dict[str, Any]], said: defaultdict[str, _Said]
) -> None:
    """Add to `said`, by span id, what Claude Code's records of one trace tell of its spans."""
    own = [span for span in spans if span["scope_name"].startswith(_CLAUDE_CODE_SCOPE)]
    calls = [span for span in own if span["kind"] == "llm"]
    tools = {span["tool_call_id"]: span["span_id"] for span in own if span["kind"] == "tool" and span["tool_call_id"]}
    asked = {span["span_id"] for span in own if span["kind"] == "human"}
    unpaid = list(calls)
    by_number = {(record.attributes.get("session.id"), record.number()): record for record in records}
    for record in records:
        told = record.attributes
        name = record.name()
        arguments = told.get("tool_input") or told.get("tool_parameters") or ""
        if name == "user_prompt" and told.get("prompt") not in _HIDDEN:
            answer = _first_answer(record, by_number)
            for span_id in {record.span_id} | {call["span_id"] for call in _call_of(answer, calls)}:
                said[span_id].events.append(_event("gen_ai.user.message", record, {"content": told["prompt"]}))
        elif name == "assistant_response" and told.get("response") not in _HIDDEN:
            for span_id in {record.span_id} | {call["span_id"] for call in _call_of(record, calls)}:
                said[span_id].events.append(_event("gen_ai.choice", record, {"message": told["response"]}))
        elif name == "api_request":
            for call in _call_of(record, unpaid):
                said[call["span_id"]].cost_usd = money(told.get("cost_usd"))
                unpaid.remove(call)
        elif name == "tool_result" and told.get("tool_use_id", "") in tools:
            said[tools[told["tool_use_id"]]].arguments = arguments
        elif name == "tool_decision" and record.span_id in asked:
            said[record.span_id].arguments = arguments


def _first_answer(prompt: _Record, by_number: Mapping[tuple[str | None, int | None], _Record]) -> _Record | None:
    """Return the record of the model call that a prompt went into first, None where that is not certain (yet).

    Later calls hold tool results besides, which no record tells of. It is certain when no record between the two is
    missing; a slash command is not sent as it was typed.
    """
    session, number = prompt.attributes.get("session.id"), prompt.number()
    if number is None or prompt.attributes.get("command_name"):
        return None
    while following := by_number.get((session, number := number + 1)):
        told = following.attributes
        if told.get("prompt.id", "") not in {"", prompt.attributes.get("prompt.id")}:
            return None
        if following.name() == "api_request" and told.get("query_source", "").startswith(_MAIN):
            return following
    return None


def _call_of(record: _Record | None, calls: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the one model call that a record tells of, [] if it is not there (yet)."""
    if record is None:
        return []
    told = record.attributes
    request_id, output_tokens = told.get("request_id", ""), count(told.get("output_tokens"))
    fitting = []
    for call in calls:
        if request_id and call["request_id"]:
            if request_id == call["request_id"]:
                return [call]
        elif (
            call["model"] == told.get("model")
            and (output_tokens is None or call["output_tokens"] in (None, output_tokens))
            and call["start_ns"] <= record.at <= _end(call) + _LATE
        ):
            fitting.append(call)
    return sorted(fitting, key=lambda call: abs(_end(call) - record.at))[:1]


def _end(call: dict[str, Any]) -> int:
    return int(call["start_ns"] + call["duration_ns"])


def _changes(span: dict[str, Any], said: _Said) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for column, role in (("input", "user"), ("output", "assistant")):
        found = _content(span["kind"], said, role)
        if _weight(found.content) > _weight(span[column]):
            content = _with_offered(found, span[column]) if role == "user" else found.content
            changes |= {column: content, f"{column}_preview": found.preview}
            instructions = system_text(found.messages) if role == "user" and span["kind"] == "llm" else ""
            if instructions and not span["prompt_hash"]:
                changes["prompt_hash"] = "sha256:" + hashlib.sha256(instructions.encode()).hexdigest()
    if said.cost_usd is not None and span["reported_cost_usd"] is None:
        changes["reported_cost_usd"] = said.cost_usd
    return changes


def _with_offered(found: Chosen, before: str) -> str:
    """Return the new input with the tools that the span itself told of, for records may hold the messages only."""
    tools = offered(parse(before))
    return compact(with_definitions(found.messages, tools)) if tools and found.messages else found.content


def _content(kind: str, said: _Said, role: str) -> Chosen:
    """Return the richest reading: of single messages, of events that hold them all, or of a tool's arguments."""
    whole = [event for event in said.events if event["name"] == _DETAILS]
    single = [event for event in said.events if event["name"] != _DETAILS]
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
    columns = {name: pa.array([span[name] for span in spans], pa.string()) for name in ("trace_id", "span_id", *_TEXTS)}
    costs = {"reported_cost_usd": pa.array([span["reported_cost_usd"] for span in spans], MONEY)}
    traces = sorted({span["trace_id"] for span in spans})
    update_spans(
        store, pa.table(columns | costs), _ASSIGNMENTS, "trace_id IN {traces:Array(String)}", {"traces": traces}
    )
