"""What of a span's attributes stays in `attributes`: everything that no column holds.

Where a content attribute repeats what another one already gave, only what is new in it stays, so that no text is stored
twice and none is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.messages.conversation import PREVIEW, prompt_hash
from schema.normalise.content import Chosen, choose
from schema.otlp.attributes import Plain, dump, parse, text
from schema.otlp.events import events_json

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from schema.normalise.content_sources import Source
    from schema.normalise.reading import Reading
    from schema.otlp.events import Events
    from schema.span import Span

_DEPTH = 200  # JSON inside strings inside JSON: what is deeper stays whole
_FEW = 16
_IMPLIED = ("function",)  # said by the shape: a tool that a model may call is a function


def fill_content(span: Span, reading: Reading, events: Events) -> None:
    """Fill input, output, previews and events of a span, and the attributes that nothing else holds."""
    plan, values = reading.plan, reading.values
    given = choose(span.kind, plan.input, values, events.messages, role="user")
    made = choose(span.kind, plan.output, values, events.messages, role="assistant")
    span.input, span.input_preview = given.content, given.preview
    span.output, span.output_preview = made.content, made.preview
    if span.kind == "other" and reading.told:
        _tell(span, reading)
    if span.kind == "llm" and not span.prompt_hash:
        span.prompt_hash = prompt_hash(given.messages)
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
    values = reading.values | dict.fromkeys(reading.empty, "")
    told = dump({name: parse(text(values[name])) for name in names if name in values})
    if span.duration_ns and not span.input:
        span.input, span.input_preview = told, told[:PREVIEW]
    elif not span.duration_ns and not span.output:
        span.output, span.output_preview = told, told[:PREVIEW]


def _attributes(span: Span, reading: Reading, given: Chosen, made: Chosen) -> dict[str, str]:
    plan, found = reading.plan, reading.values  # nobody needs them any more
    for column, key in plan.held:
        if found[key] == getattr(span, column):
            del found[key]
    _drop_content(found, plan.input.all, given)
    _drop_content(found, plan.output.all, made)
    if made.content and span.kind == "llm" and not span.response_id:
        span.response_id = _response_id(found, plan.output.all)
    for key in reading.others:
        value = found.get(key)
        if value is not None:
            found[key] = str(value) if type(value) is int else text(value)
    for key in reading.empty:
        found.setdefault(key, "")
    return found  # type: ignore[return-value]


def _drop_content(found: dict[str, Plain], sources: Iterable[Source], chosen: Chosen) -> None:
    """Leave of the sources only what the chosen content does not hold."""
    content = chosen.content
    if not content:
        return
    known: Container[str] = ()
    for source in sources:
        if source in chosen.used:
            for key in source.keys:
                found.pop(key, None)
            continue
        for key in source.keys:
            value = found.get(key)
            if value is None:  # an attribute that holds both directions comes twice
                continue
            written = value if type(value) is str else text(value)
            if written == content:
                del found[key]
                continue
            known = known or _known(chosen)
            rest = None if written in known else leftover(value, known)
            if rest is None:
                del found[key]
            else:
                found[key] = text(rest)


def _known(chosen: Chosen) -> Container[str]:
    """Return the texts that the chosen content holds: few are sooner compared than hashed, for they may be long."""
    found = [chosen.content, *_IMPLIED]
    inside: list[Plain] = [*chosen.messages] or [parse(chosen.content)]
    for item in inside:  # which grows while it is read
        if type(item) is str:
            found.append(item)
        elif isinstance(item, dict):
            inside += item.values()
        elif isinstance(item, list):
            inside += item
        elif item is not None:
            found.append(str(item))
    return found if len(found) <= _FEW else frozenset(found)


def _response_id(found: Mapping[str, Plain], sources: Iterable[Source]) -> str:
    """Return the id in what is left of a provider's whole response (OpenInference keeps it in `output.value`)."""
    for source in sources:
        for key in source.keys:
            rest = parse(found.get(key))
            if isinstance(rest, dict) and isinstance(rest.get("id"), str):
                return str(rest["id"])
    return ""


def leftover(value: Plain, known: Container[str], depth: int = 0) -> Plain:
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


def _leftover_text(value: str, known: Container[str], depth: int) -> Plain:
    inner = parse(value)
    if isinstance(inner, (dict, list)):
        rest = leftover(inner, known, depth + 1)
        return value if rest == inner else rest
    return None if isinstance(inner, str) and inner in known else value
