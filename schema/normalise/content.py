"""Input and output of a span, in one shape by kind, and the attributes that they make superfluous.

llm: a conversation. agent: a conversation if it was sent as one, else the value. tool: arguments and result.
Anything else: the value as it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from schema.dialects.rules import STANDARD
from schema.messages.blocks import parts_of
from schema.messages.conversation import (
    PREVIEW,
    answer_text,
    compact,
    has_parts,
    last_user_text,
    with_tool_calls,
    without_blank_start,
)
from schema.messages.shapes import is_whole, messages_of, with_system
from schema.messages.tool_definitions import definitions_of, with_definitions
from schema.messages.tool_values import result_failed, result_text, unwrapped_arguments, unwrapped_result
from schema.otlp.attributes import Plain, parse, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.messages.one_message import Message
    from schema.messages.parts import Part
    from schema.normalise.content_sources import Source, Sources

_PIECES = ("reasoning", "text", "tool_calls")  # in the order in which a model makes them
_TOOL_SLOTS = frozenset({"tool", "value"})
_DOCUMENTS = frozenset({"retrieval", "reranker", "embedding"})
_CONVERSING = frozenset({"agent", "workflow", "llm"})
_MESSAGE_ROLES = {"gen_ai.system.message": "system", "gen_ai.user.message": "user", "gen_ai.tool.message": "tool"}


@dataclass(slots=True)
class Chosen:
    """The content of one direction: what is stored, its preview, and the sources that it makes superfluous."""

    content: str = ""
    preview: str = ""
    used: Sequence[Source] = ()
    messages: list[Message] = field(default_factory=list)
    from_events: bool = False
    failed: bool = False  # it is the result of a tool, and says that the tool failed


_NOTHING = Chosen()
_Values: TypeAlias = "Mapping[str, Plain]"  # of the span's attributes, by key
_Offered: TypeAlias = "Mapping[str, tuple[Source, ...]]"  # by slot, the strongest first


def choose(
    kind: str, sources: Sources, values: Mapping[str, Plain], events: list[dict[str, Plain]], *, role: str
) -> Chosen:
    """Return the content of one direction (`role`: "user" for the input, "assistant" for the output)."""
    if not sources.all and not events:
        return _NOTHING
    if kind == "tool":
        return _tool(sources, values, events, role)
    offered = sources.by_slot
    chosen = None
    if kind in {"llm", "agent"}:
        chosen = _conversation(offered, values, events, role, call=kind == "llm")
    chosen = chosen or _value(offered, values, kind)
    if not chosen.content:
        chosen = _conversation(offered, values, events, role, call=False) or chosen
    if chosen.content:
        chosen.preview = _preview(chosen, kind, role)
    return chosen


def _conversation(
    offered: _Offered, values: _Values, events: list[dict[str, Plain]], role: str, *, call: bool
) -> Chosen | None:
    """Return the first source that reads as a conversation, else an answer in pieces, else the message events.

    For a model call, bare values are read too, and content in attributes of its own is added to the messages: the
    system prompt and the tools offered.
    """
    messages, used = _first_conversation(offered, values, role, call=call)
    messages = messages or _pieces(offered, values)
    from_events = not messages and bool(events)
    if from_events:
        messages = _event_messages(events, role)
    if "instructions" in offered or "definitions" in offered:
        if call and not messages:
            bare = _value(offered, values, "llm")
            messages, used = [{"role": role, "parts": list(parts_of(bare.content))}], [*bare.used]
        if messages:
            messages = _with_prompt_and_tools(messages, offered, values, used, tools=call)
    messages = [message for message in messages if message.get("parts") or len(message) > 2]  # noqa: PLR2004
    if not has_parts(messages):
        return None
    return Chosen(compact(messages), "", used, messages, from_events)


def _with_prompt_and_tools(
    messages: list[Message], offered: _Offered, values: _Values, used: list[Source], *, tools: bool
) -> list[Message]:
    for source in offered.get("instructions", ()):
        instructed = with_system(messages, source.value(values))
        if instructed is not messages:
            messages = instructed
            used.append(source)
    definitions: list[Part] = []
    for source in offered.get("definitions", ()) if tools else ():
        definitions = definitions or definitions_of(source.read(values))
    return with_definitions(messages, definitions)


def _first_conversation(
    offered: _Offered, values: _Values, role: str, *, call: bool
) -> tuple[list[Message], list[Source]]:
    conversation: list[Message] = []
    used: list[Source] = []
    conversations = offered.get("conversation", ())
    for source in (*conversations, *offered.get("value", ())) if call else conversations:
        if not conversation:
            value = source.read(values)
            messages = messages_of(value, role)
            if has_parts(messages):
                conversation = messages
                if source.dialect == STANDARD and is_whole(value):  # any other may hold more than its messages
                    used.append(source)
        elif role == "assistant" and source.slot == "conversation" and source.calls_tools(values):
            conversation = with_tool_calls(conversation, messages_of(source.read(values), role))
    return conversation, used


def _pieces(offered: _Offered, values: _Values) -> list[Message]:
    """Return an answer that came in three attributes: reasoning, text and tool calls."""
    parts = []
    for slot in _PIECES:
        if slot not in offered:
            continue
        raw = offered[slot][-1].value(values)
        value = parse(raw)
        if slot == "reasoning":
            parts += parts_of({"type": "reasoning", "content": value})
        elif slot == "text":
            parts += parts_of(text(raw))
        elif isinstance(value, list):
            parts += [
                part for call in value if isinstance(call, dict) for part in parts_of({**call, "type": "tool-call"})
            ]
        else:
            parts += parts_of(text(value))
    return [{"role": "assistant", "parts": list(parts)}] if parts else []


def _event_messages(events: list[dict[str, Plain]], role: str) -> list[Message]:
    """Return the messages in span events: one a message (old convention, Strands), or all in one event (latest)."""
    messages: list[Message] = []
    for event in events:
        attributes = event["attributes"]
        if not isinstance(attributes, dict):
            continue
        name = str(event["name"])
        if name in {"gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion"}:
            messages += _details(attributes, role)
        elif (name == "gen_ai.choice") == (role == "assistant"):
            own_role = _MESSAGE_ROLES.get(name, "assistant")
            content = attributes.get("message") if name == "gen_ai.choice" else attributes.get("content")
            message = {**attributes, "role": attributes.get("role") or own_role, "content": content}
            for key in ("message", "tool.result", "index"):  # `index` numbers the choice, not the message
                message.pop(key, None)
            inner = parse(content)
            if isinstance(inner, dict) and "content" in inner:  # {"message": {"role", "content", "tool_calls"}}
                message |= inner
            messages += messages_of(message, role)
            if attributes.get("tool.result"):
                messages += messages_of({"role": "tool", "content": attributes["tool.result"]}, role)
    return messages


def _details(attributes: dict[str, Plain], role: str) -> list[Message]:
    if role == "user":
        keys = ("gen_ai.input.messages", "gen_ai.prompt")
    else:
        keys = ("gen_ai.output.messages", "gen_ai.completion")
    for key in keys:
        value = parse(attributes.get(key))
        messages = messages_of(value, role)
        if not messages and isinstance(value, str) and value:
            messages = messages_of({"role": role, "content": value}, role)
        if messages:
            return with_system(messages, attributes.get("gen_ai.system_instructions")) if role == "user" else messages
    return []


def _value(offered: _Offered, values: _Values, kind: str) -> Chosen:
    ordered: Sequence[Source] = offered.get("value", ())
    if len(ordered) > 1 and kind not in _DOCUMENTS:
        # Documents are what retrieval returns; elsewhere they come with the value that holds them.
        ordered = sorted(ordered, key=lambda source: bool(source.prefix))
    for source in ordered:
        raw = source.raw(values)
        if raw and raw != "null":
            return Chosen(raw, "", [source])
    return _NOTHING


def _preview(chosen: Chosen, kind: str, role: str) -> str:
    messages = chosen.messages
    if not messages and chosen.content[0] in "{[" and kind in _CONVERSING:
        messages = messages_of(parse(chosen.content), role)
    if messages:
        return (last_user_text(messages) if role == "user" else answer_text(messages))[:PREVIEW]
    return without_blank_start(chosen.content)[:PREVIEW]


def _tool(sources: Sources, values: _Values, events: list[dict[str, Plain]], role: str) -> Chosen:
    for source in sources.all:
        if source.slot in _TOOL_SLOTS and not source.prefix:
            raw = source.raw(values)
            if raw:
                content = unwrapped_result(raw) if role == "assistant" else unwrapped_arguments(raw)
                preview = without_blank_start(content)[:PREVIEW]
                failed = role == "assistant" and result_failed(raw)
                return Chosen(content, preview, [source] if content == raw else [], failed=failed)
    name = "gen_ai.choice" if role == "assistant" else "gen_ai.tool.message"
    for event in events:
        attributes = event["attributes"]
        if event["name"] == name and isinstance(attributes, dict):
            value = attributes.get("message" if role == "assistant" else "content")
            raw = text(value)
            content = result_text(parse(value)) or raw
            failed = role == "assistant" and result_failed(raw)
            return Chosen(content, without_blank_start(content)[:PREVIEW], from_events=True, failed=failed)
    if role == "assistant":
        return _conversation(sources.by_slot, values, [], role, call=False) or _NOTHING
    return Chosen()
