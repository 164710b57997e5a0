"""What of a span's attributes stays in `attributes`: everything that no column holds.

Where a content attribute repeats what another one already gave, only what is new in it stays, so that no text is stored
twice and none is lost.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from schema.attributes import Plain, dump, parse, text
from schema.content import Chosen, choose
from schema.messages import PREVIEW, system_text
from schema.span_events import events_json

if TYPE_CHECKING:
    from schema.reading import Reading
    from schema.span import Span
    from schema.span_events import Events

_DEPTH = 200  # JSON inside strings inside JSON: what is deeper stays whole
_IMPLIED = frozenset({"function"})  # said by the shape: a tool that a model may call is a function
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
    if span.kind == "other" and reading.told:
        _tell(span, reading)
    if span.kind == "llm" and not span.prompt_hash:
        instructions = system_text(given.messages)
        if instructions:
            span.prompt_hash = "sha256:" + hashlib.sha256(instructions.encode()).hexdigest()
    messages = [] if given.from_events or made.from_events else events.messages
    if events.stored or messages:
        span.events = events_json([*events.stored, *messages])
    span.attributes = _attributes(span, reading, given, made)


def _tell(span: Span, reading: Reading) -> None:
    """Show what the program said of a span: the arguments of one that takes time, the content of a mere record.

    They stay among the attributes too, under the names that the program gave them.
    """
    schema = parse(reading.told)
    names = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(names, dict):
        return
    told = dump({name: parse(reading.texts[name]) for name in names if name in reading.texts})
    if span.duration_ns and not span.input:
        span.input, span.input_preview = told, told[:PREVIEW]
    elif not span.duration_ns and not span.output:
        span.output, span.output_preview = told, told[:PREVIEW]


def _attributes(span: Span, reading: Reading, given: Chosen, made: Chosen) -> dict[str, str]:
    found = reading.texts
    for column, (value, key) in reading.columns.items():
        held = _HELD.get(column)
        if held is not None and value == getattr(span, held):
            del found[key]
    for chosen, candidates in ((given, reading.input), (made, reading.output)):
        if not chosen.content:
            continue
        for key in chosen.used:
            found.pop(key, None)
        losers = [pair for candidate in candidates for pair in candidate.items if pair[0] in found]
        if losers:
            _reduce(found, losers, chosen)
            if chosen is made and span.kind == "llm" and not span.response_id:
                span.response_id = _response_id(found, losers)
    return found


def _reduce(found: dict[str, str], losers: list[tuple[str, Plain]], chosen: Chosen) -> None:
    """Leave of the losing attributes only what the chosen content does not hold."""
    known = {chosen.content, *_IMPLIED}
    unread = True
    for key, value in losers:
        if unread and found[key] != chosen.content:
            _add_known(chosen, known)
            unread = False
        rest = None if found[key] in known else leftover(value, known)
        if rest is None:
            del found[key]
        else:
            found[key] = text(rest)


def _response_id(found: dict[str, str], losers: list[tuple[str, Plain]]) -> str:
    """Return the id in what is left of a provider's whole response (OpenInference keeps it in `output.value`)."""
    for key, _ in losers:
        rest = parse(found.get(key))
        if isinstance(rest, dict) and isinstance(rest.get("id"), str):
            return str(rest["id"])
    return ""


def _add_known(chosen: Chosen, known: set[str]) -> None:
    if not chosen.messages:
        _strings(parse(chosen.content), known)
    for message in chosen.messages:
        for value in message.values():
            if isinstance(value, str):
                known.add(value)
            else:
                _strings(value, known)


def leftover(value: Plain, known: set[str], depth: int = 0) -> Plain:
    """Return what a superfluous attribute holds beyond the strings already stored; None if nothing."""
    if isinstance(value, str):
        return None if not value or value in known else _leftover_text(value, known, depth)
    if depth > _DEPTH:
        return value
    if isinstance(value, dict):
        kept: dict[str, Plain] = {}
        for key, item in value.items():
            rest = leftover(item, known, depth + 1)
            if rest is not None:
                kept[key] = rest
        return kept or None
    if isinstance(value, list):
        left = [leftover(item, known, depth + 1) for item in value]
        return [rest for rest in left if rest is not None] or None
    return None if value is None or isinstance(value, bool) else value


def _leftover_text(value: str, known: set[str], depth: int) -> Plain:
    inner = parse(value)
    if isinstance(inner, (dict, list)):
        rest = leftover(inner, known, depth + 1)
        return value if rest == inner else rest
    return None if isinstance(inner, str) and inner in known else value


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
