"""What Claude Code's log records tell of its spans: prompts, answers, costs, the arguments of tools.

Mostly they carry the id of the interaction, an agent's span, and tell of a model call or a tool inside it
(https://docs.claude.com/en/docs/claude-code/monitoring-usage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schema.pricing.usage import count, money
from schema.runs.log_facts import event

if TYPE_CHECKING:
    from collections import defaultdict
    from collections.abc import Iterable, Mapping, Sequence

    from schema.runs.log_facts import Record, Said

_SCOPE: Final = "com.anthropic.claude_code"
_HIDDEN: Final = frozenset({None, "", "<REDACTED>"})  # what it says unless it may log its texts
_MAIN: Final = ("sdk", "repl_main_thread")  # whose requests go on with the user's prompt; others are side work
_LATE: Final = 20_000_000  # ns by which a record may follow the end of its call: their clocks tick in milliseconds


def read_claude_code(records: Sequence[Record], spans: Sequence[dict[str, Any]], said: defaultdict[str, Said]) -> None:
    """Add to `said`, by span id, what Claude Code's records of one trace tell of its spans."""
    own = [span for span in spans if span["scope_name"].startswith(_SCOPE)]
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
                said[span_id].events.append(event("gen_ai.user.message", record, {"content": told["prompt"]}))
        elif name == "assistant_response" and told.get("response") not in _HIDDEN:
            for span_id in {record.span_id} | {call["span_id"] for call in _call_of(record, calls)}:
                said[span_id].events.append(event("gen_ai.choice", record, {"message": told["response"]}))
        elif name == "api_request":
            for call in _call_of(record, unpaid):
                said[call["span_id"]].cost_usd = money(told.get("cost_usd"))
                unpaid.remove(call)
        elif name == "tool_result" and told.get("tool_use_id", "") in tools:
            said[tools[told["tool_use_id"]]].arguments = arguments
        elif name == "tool_decision" and record.span_id in asked:
            said[record.span_id].arguments = arguments


def _first_answer(prompt: Record, by_number: Mapping[tuple[str | None, int | None], Record]) -> Record | None:
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


def _call_of(record: Record | None, calls: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
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
