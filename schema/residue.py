"""What of a span's attributes stays in `attributes`: everything that no column holds.

Where a content attribute repeats what another one already gave, only what is new in it stays, so that no text is stored
twice and none is lost.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from schema.attributes import Plain, parse, text
from schema.content import Chosen, choose
from schema.messages import system_text
from schema.span_events import events_json

if TYPE_CHECKING:
    from schema.reading import Reading
    from schema.span import Span
    from schema.span_events import Events

# Reading's columns of which the span holds the very text, under what name.
_HELD = {
    **{name: name for name in ("tool_name", "tool_call_id", "agent_name", "response_id", "provider")},
    **{name: name for name in ("prompt_name", "prompt_version", "prompt_hash", "policy_name", "policy_decision")},
    **{name: name for name in ("approval_status", "approval_by", "outcome", "error_type")},
    "response_model": "model",
    "request_model": "model",
}


def fill_content(span: Span, reading: Reading, events: Events) -> None:
    """Fill input, output, previews and events of a span, and the attributes that nothing else holds."""
    given = choose(span.kind, reading.input, events.messages, role="user")
    made = choose(span.kind, reading.output, events.messages, role="assistant")
    span.input, span.input_preview = given.content, given.preview
    span.output, span.output_preview = made.content, made.preview
    if span.kind == "llm" and not span.prompt_hash:
        instructions = system_text(given.messages)
        if instructions:
            span.prompt_hash = "sha256:" + hashlib.sha256(instructions.encode()).hexdigest()
    messages = [] if given.from_events or made.from_events else events.messages
    if events.stored or messages:
        span.events = events_json([*events.stored, *messages])
    span.attributes = _attributes(span, reading, given, made)


def _attributes(span: Span, reading: Reading, given: Chosen, made: Chosen) -> dict[str, str]:
    dropped = given.used | made.used
    for column, (_, value, key) in reading.columns.items():
        held = _HELD.get(column)
        if held is not None and value == getattr(span, held):
            dropped.add(key)
    found = {
        key: value if type(value) is str else text(value) for key, value in reading.values.items() if key not in dropped
    }
    for chosen, candidates in ((given, reading.input), (made, reading.output)):
        losers = [key for candidate in candidates for key in candidate.keys if key in found] if chosen.content else ()
        if losers:
            known = _known(chosen)
            for key in losers:
                rest = leftover(reading.values[key], known)
                if rest is None:
                    del found[key]
                else:
                    found[key] = text(rest)
    return found


def _known(chosen: Chosen) -> set[str]:
    known = {chosen.content}
    if chosen.messages:
        for message in chosen.messages:
            _strings(message, known)
    else:
        _strings(parse(chosen.content), known)
    return known


def leftover(value: Plain, known: set[str]) -> Plain:
    """Return what a superfluous attribute holds beyond the strings already stored; None if nothing."""
    if isinstance(value, str):
        if not value or value in known:
            return None
        inner = parse(value)
        if isinstance(inner, (dict, list)):
            rest = leftover(inner, known)
            return None if rest is None else value if rest == inner else rest
        return None if isinstance(inner, str) and inner in known else value
    if isinstance(value, dict):
        kept = {key: rest for key, item in value.items() if (rest := leftover(item, known)) is not None}
        return kept or None
    if isinstance(value, list):
        return [rest for item in value if (rest := leftover(item, known)) is not None] or None
    return None if value is None or isinstance(value, bool) else value


def _strings(value: Plain, found: set[str]) -> None:
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, dict):
        for item in value.values():
            _strings(item, found)
    elif isinstance(value, list):
        for item in value:
            _strings(item, found)
    elif value is not None:
        found.add(str(value))
