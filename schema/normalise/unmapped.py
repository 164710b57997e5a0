"""Attributes without a column: what stays in the column `attributes`.

Where a content attribute repeats a text that another one has, only the rest of it stays: no text is stored twice, and
none is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.messages.conversation import PREVIEW, prompt_hash
from schema.messages.leftover import leftover, texts_in
from schema.normalise.content import Chosen, choose
from schema.otlp.attributes import Plain, dump, parse, text
from schema.otlp.events import events_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schema.messages.leftover import Known
    from schema.normalise.content_sources import Source
    from schema.normalise.reading import Reading
    from schema.otlp.events import Events
    from schema.span import Span

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
    if outgoing.failed:
        _fail(span)
    messages = events.messages
    if messages and (incoming.from_events or outgoing.from_events):
        messages = _unread(messages, incoming, outgoing)
    if events.stored or messages:
        span.events = events_json([*events.stored, *messages])
    unmapped = unmapped_values(span, reading, incoming, outgoing)
    if outgoing.content and span.kind == "llm" and not span.response_id:
        span.response_id = _response_id(values, plan.output.all)
    attributes = {key: value if type(value) is str else text(value) for key, value in unmapped.items()}
    for key in reading.empty:
        attributes.setdefault(key, "")
    span.attributes = attributes


def _fail(span: Span) -> None:
    """Mark a tool call that failed although the protocol delivered its result (MCP's `isError`)."""
    span.status = "error"
    span.error_type = span.error_type or "tool_error"  # the name in OpenTelemetry's convention for MCP


def _unread(messages: Iterable[dict[str, Plain]], *chosen: Chosen) -> list[dict[str, Plain]]:
    """Return of the events that the content was read from those whose attributes hold more, with that alone."""
    known = frozenset(held for one in chosen for held in _known(one))
    rests = ((event, leftover(event["attributes"], known)) for event in messages)
    return [{**event, "attributes": rest} for event, rest in rests if rest is not None]


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
    known: Known = ()
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


def _known(chosen: Chosen) -> Known:
    """Return what the chosen content holds: a few long texts are compared faster than hashed."""
    known = [chosen.content, *_IMPLIED, *texts_in(chosen.messages or [parse(chosen.content)])]
    return known if len(known) <= _FEW else frozenset(known)


def _response_id(values: Mapping[str, Plain], sources: Iterable[Source]) -> str:
    """Return the id of a provider's complete response (OpenInference keeps it in `output.value`)."""
    for source in sources:
        response = None if source.prefix else source.read(values)
        if isinstance(response, dict) and isinstance(response.get("id"), str):
            return str(response["id"])
    return ""
