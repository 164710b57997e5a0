"""Attributes without a column: what stays in the column `attributes`.

Where a content attribute repeats a text that another one has, only the rest of it stays: no text is stored twice, and
none is lost.
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

_DEPTH = 200  # levels of JSON inside strings inside JSON; deeper values stay as they are
_FEW = 16
_IMPLIED = ("function",)  # the type of every tool that a model may call


def fill_content(span: Span, reading: Reading, events: Events) -> None:
    """Fill input, output, previews and events of a span, and the attributes that nothing else holds."""
    plan, values = reading.plan, reading.values
    incoming = choose(span.kind, plan.input, values, events.messages, role="user")
    outgoing = choose(span.kind, plan.output, values, events.messages, role="assistant")
    span.input, span.input_preview = incoming.content, incoming.preview
    span.output, span.output_preview = outgoing.content, outgoing.preview
    if span.kind == "other" and plan.attribute_schemas:
        _show_program_attributes(span, reading)
    if span.kind == "llm" and not span.prompt_hash:
        span.prompt_hash = prompt_hash(incoming.messages)
    messages = [] if incoming.from_events or outgoing.from_events else events.messages
    if events.stored or messages:
        span.events = events_json([*events.stored, *messages])
    unmapped = unmapped_values(span, reading, incoming, outgoing)
    if outgoing.content and span.kind == "llm" and not span.response_id:
        span.response_id = _response_id(unmapped, plan.output.all)
    attributes = {key: value if type(value) is str else text(value) for key, value in unmapped.items()}
    for key in reading.empty:
        attributes.setdefault(key, "")
    span.attributes = attributes


def _show_program_attributes(span: Span, reading: Reading) -> None:
    """Show the attributes that the program set: as input of a span with a duration, as output of a mere record.

    They stay among the attributes too, under the names that the program gave them.
    """
    schema = next(reading.parsed(reading.plan.attribute_schemas))
    names = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(names, dict):
        return
    values = {**reading.values, **dict.fromkeys(reading.empty, "")}
    content = dump({name: parse(text(values[name])) for name in names if name in values})
    if span.duration_ns and not span.input:
        span.input, span.input_preview = content, content[:PREVIEW]
    elif not span.duration_ns and not span.output:
        span.output, span.output_preview = content, content[:PREVIEW]


def unmapped_values(span: Span, reading: Reading, incoming: Chosen, outgoing: Chosen) -> dict[str, Plain]:
    """Return the values, by key, that neither a column nor the chosen content of a span holds."""
    plan = reading.plan
    unmapped = {**reading.values}
    for column, key in plan.held:
        if unmapped[key] == getattr(span, column):
            del unmapped[key]
    _drop_content(unmapped, plan.input.all, incoming)
    _drop_content(unmapped, plan.output.all, outgoing)
    return unmapped


def _drop_content(unmapped: dict[str, Plain], sources: Iterable[Source], chosen: Chosen) -> None:
    """Leave only those parts of the sources that the chosen content does not hold."""
    content = chosen.content
    if not content:
        return
    known: Container[str] = ()
    for source in sources:
        if source in chosen.used:
            for key in source.keys:
                unmapped.pop(key, None)
            continue
        for key in source.keys:
            value = unmapped.get(key)
            if value is None:  # an attribute that holds both directions comes twice
                continue
            written = value if type(value) is str else text(value)
            if written == content:
                del unmapped[key]
                continue
            known = known or _known(chosen)
            rest = None if written in known else leftover(value, known)
            if rest is None:
                del unmapped[key]
            else:
                unmapped[key] = text(rest)


def _known(chosen: Chosen) -> Container[str]:
    """Return the texts that the chosen content holds: few and long ones are compared faster than hashed."""
    texts = [chosen.content, *_IMPLIED]
    inside: list[Plain] = [*chosen.messages] or [parse(chosen.content)]
    for item in inside:  # which grows while it is read
        if type(item) is str:
            texts.append(item)
        elif isinstance(item, dict):
            inside += item.values()
        elif isinstance(item, list):
            inside += item
        elif item is not None:
            texts.append(str(item))
    return texts if len(texts) <= _FEW else frozenset(texts)


def _response_id(unmapped: Mapping[str, Plain], sources: Iterable[Source]) -> str:
    """Return the id in the rest of a provider's complete response (OpenInference keeps it in `output.value`)."""
    for source in sources:
        for key in source.keys:
            rest = parse(unmapped.get(key))
            if isinstance(rest, dict) and isinstance(rest.get("id"), str):
                return str(rest["id"])
    return ""


def leftover(value: Plain, known: Container[str], depth: int = 0) -> Plain:
    """Return the parts of a value that are not among the strings already stored; None if there are none."""
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
