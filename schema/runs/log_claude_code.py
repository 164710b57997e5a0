"""What Claude Code's log records add to its spans: prompts, answers, costs, the arguments of tools.

Most records carry the id of the interaction, an agent's span, and describe a model call or a tool inside it
(https://docs.claude.com/en/docs/claude-code/monitoring-usage).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schema.pricing.usage import count, money
from schema.runs.log_facts import event

if TYPE_CHECKING:
    from collections import defaultdict
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from schema.runs.log_facts import LoggedSpan, Record, SpanFacts

_SCOPE: Final = "com.anthropic.claude_code"
_HIDDEN: Final = frozenset({"", "<REDACTED>"})  # in place of a text that it may not log
_MAIN: Final = ("sdk", "repl_main_thread")  # sources of requests that go on with the user's prompt; others: side work
_LATE: Final = 20_000_000  # ns by which a record may follow the end of its call: their clocks tick in milliseconds


@dataclass(slots=True)
class _Trace:
    """The spans and records of Claude Code in one trace, and the facts found so far."""

    calls: Sequence[LoggedSpan]
    tools: Mapping[str, str]  # call id: span id
    questions: frozenset[str]  # ids of spans that wait for a person's decision
    by_number: Mapping[tuple[str | None, int | None], Record]  # by session and number
    facts: defaultdict[str, SpanFacts]
    charged: set[str] = field(default_factory=set)  # span ids of calls that have their cost


def read_claude_code(
    records: Iterable[Record], spans: Iterable[LoggedSpan], facts: defaultdict[str, SpanFacts]
) -> None:
    """Add to `facts`, by span id, what Claude Code's records of one trace, in their order, add to its spans."""
    ordered = list(records)
    own = [span for span in spans if span.scope_name.startswith(_SCOPE)]
    trace = _Trace(
        calls=[span for span in own if span.kind == "llm"],
        tools={span.tool_call_id: span.span_id for span in own if span.kind == "tool" and span.tool_call_id},
        questions=frozenset(span.span_id for span in own if span.kind == "human"),
        by_number={(record.attributes.get("session.id"), record.number()): record for record in ordered},
        facts=facts,
    )
    for record in ordered:
        read = _READERS.get(record.name())
        if read is not None:
            read(record, trace)


def _user_prompt(record: Record, trace: _Trace) -> None:
    prompt = record.attributes.get("prompt", "")
    if prompt not in _HIDDEN:
        call = call_of_record(_first_answer(record, trace.by_number), trace.calls)
        for span_id in _with_call(record, call):
            trace.facts[span_id].events.append(event("gen_ai.user.message", record, {"content": prompt}))


def _assistant_response(record: Record, trace: _Trace) -> None:
    response = record.attributes.get("response", "")
    if response not in _HIDDEN:
        for span_id in _with_call(record, call_of_record(record, trace.calls)):
            trace.facts[span_id].events.append(event("gen_ai.choice", record, {"message": response}))


def _api_request(record: Record, trace: _Trace) -> None:
    call = call_of_record(record, (call for call in trace.calls if call.span_id not in trace.charged))
    if call is not None:
        trace.facts[call.span_id].cost_usd = money(record.attributes.get("cost_usd"))
        trace.charged.add(call.span_id)


def _tool_result(record: Record, trace: _Trace) -> None:
    span_id = trace.tools.get(record.attributes.get("tool_use_id", ""))
    if span_id is not None:
        trace.facts[span_id].arguments = _arguments(record)


def _tool_decision(record: Record, trace: _Trace) -> None:
    if record.span_id in trace.questions:
        trace.facts[record.span_id].arguments = _arguments(record)


_READERS: Final[Mapping[str, Callable[[Record, _Trace], None]]] = {
    "user_prompt": _user_prompt,
    "assistant_response": _assistant_response,
    "api_request": _api_request,
    "tool_result": _tool_result,
    "tool_decision": _tool_decision,
}
"""Kind of a record: the function that reads it; records of other kinds hold nothing for spans."""


def _with_call(record: Record, call: LoggedSpan | None) -> set[str]:
    """Return the ids of the spans that a message belongs to: the record's own, and the model call's if it is known."""
    return {record.span_id} if call is None else {record.span_id, call.span_id}


def _arguments(record: Record) -> str:
    return record.attributes.get("tool_input") or record.attributes.get("tool_parameters") or ""


def _first_answer(prompt: Record, by_number: Mapping[tuple[str | None, int | None], Record]) -> Record | None:
    """Return the record of the model call that a prompt went into first, None where that is not certain (yet).

    Later calls also hold tool results, which no record contains. It is certain when no record between the two is
    missing; a slash command is not sent as it was typed.
    """
    session, number = prompt.attributes.get("session.id"), prompt.number()
    if number is None or prompt.attributes.get("command_name"):
        return None
    while following := by_number.get((session, number := number + 1)):
        attributes = following.attributes
        if attributes.get("prompt.id", "") not in {"", prompt.attributes.get("prompt.id")}:
            return None
        if following.name() == "api_request" and attributes.get("query_source", "").startswith(_MAIN):
            return following
    return None


def call_of_record(record: Record | None, calls: Iterable[LoggedSpan]) -> LoggedSpan | None:
    """Return the model call that a record describes, None if its span is not there (yet).

    The request id decides where both have one; else model, output tokens and time have to fit, and of several calls
    that fit, the one that ended nearest to the record is it.
    """
    if record is None:
        return None
    attributes = record.attributes
    request_id, output_tokens = attributes.get("request_id", ""), count(attributes.get("output_tokens"))
    fitting = []
    for call in calls:
        if request_id and call.request_id:
            if request_id == call.request_id:
                return call
        elif (
            call.model == attributes.get("model")
            and (output_tokens is None or call.output_tokens in (None, output_tokens))
            and call.start_ns <= record.at <= call.end_ns + _LATE
        ):
            fitting.append(call)
    return min(fitting, key=lambda call: abs(call.end_ns - record.at), default=None)
