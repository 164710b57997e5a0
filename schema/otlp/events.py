"""Span events and links: stored as JSON, read for exceptions, interrupts and messages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schema.otlp.attributes import Plain, dump, plain, text
from schema.otlp.ids import span_id_of, trace_id_of
from schema.otlp.timestamps import known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

_INTERRUPTS = ("GraphInterrupt", "NodeInterrupt", "GraphBubbleUp")
_RAISED = re.compile(r"([A-Za-z_][\w.]{0,200})\(")
_MESSAGE_EVENTS = re.compile(
    r"gen_ai\.((system|user|assistant|tool)\.message|choice|content\.(prompt|completion)|client\.inference\.operation\.details)"
)


@dataclass(slots=True)
class Events:
    """The events of one span, sorted by use."""

    stored: list[dict[str, Plain]] = field(default_factory=list)
    messages: list[dict[str, Plain]] = field(default_factory=list)  # those that hold the conversation
    exception_type: str = ""
    exception_message: str = ""
    interrupt: bool = False  # a graph stopped to ask a person; no error


NO_EVENTS = Events()
"""The events of a span without any."""


def read_events(span: OtlpSpan) -> Events:
    """Return the events of a span."""
    events = Events()
    for event in span.events:
        attributes = {pair.key: plain(pair.value) for pair in event.attributes}
        stored: dict[str, Plain] = {
            "time": known(event.time_unix_nano) or None,
            "name": event.name,
            "attributes": attributes,
        }
        if _MESSAGE_EVENTS.fullmatch(event.name):
            events.messages.append(stored)
        else:
            events.stored.append(stored)
        if "exception.type" in attributes or "exception.message" in attributes:
            _read_exception(events, text(attributes.get("exception.type")), text(attributes.get("exception.message")))
    return events


def is_interrupt(error_type: str) -> bool:
    """Tell whether an error type means that LangGraph waits for a person."""
    return error_type.rpartition(".")[2] in _INTERRUPTS


def links_json(span: OtlpSpan) -> str:
    """Return the links of a span as JSON, without those that link to nothing: their ids are invalid."""
    return dump(
        [
            {
                "trace_id": trace_id,
                "span_id": span_id,
                "attributes": {pair.key: plain(pair.value) for pair in link.attributes},
            }
            for link in span.links
            if (trace_id := trace_id_of(link.trace_id)) and (span_id := span_id_of(link.span_id))
        ]
    )


def events_json(events: Iterable[dict[str, Plain]]) -> str:
    """Return events as JSON, in the order of their times; those of an unknown time come first."""
    return dump(sorted(events, key=lambda event: event["time"] or 0))  # type: ignore[arg-type,return-value]


def _read_exception(events: Events, name: str, message: str) -> None:
    if name in {"", "Exception"}:  # LangSmith: the real type opens the message
        raised = _RAISED.match(message)
        name = raised.group(1) if raised else name
    events.exception_type = name or events.exception_type
    events.exception_message = message or events.exception_message
    events.interrupt = events.interrupt or is_interrupt(name)
