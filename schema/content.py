"""Input and output of a span, in one shape by kind, and what of its attributes they make superfluous.

llm: a conversation. agent: a conversation if it was sent as one, else the value. tool: arguments and result.
Anything else: the value as it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schema.attributes import Plain, dump, parse, text, unquote
from schema.indexed import tree
from schema.messages import (
    PREVIEW,
    Message,
    answer_text,
    compact,
    has_parts,
    last_user_text,
    messages_of,
    with_system,
    with_tool_calls,
)
from schema.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_WRAPPED = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})
_MESSAGE_ROLES = {"gen_ai.system.message": "system", "gen_ai.user.message": "user", "gen_ai.tool.message": "tool"}


@dataclass(slots=True)
class Candidate:
    """One attribute, or one family of indexed attributes, that may hold the input or the output."""

    rank: int
    slot: str  # conversation, value, tool, instructions, text, reasoning, tool_calls
    keys: list[str]
    value: Plain = None
    items: list[tuple[str, Plain]] | None = None  # of indexed attributes

    def read(self) -> Plain:
        """Return the value, read from JSON or from indexed keys."""
        return tree(self.items) if self.items is not None else parse(self.value)

    def raw(self) -> str:
        """Return the value as the sender wrote it."""
        return dump(tree(self.items)) if self.items is not None else unquote(text(self.value))


@dataclass(slots=True)
class Chosen:
    """The content of one direction: what is stored, its preview, and the keys that it makes superfluous."""

    content: str = ""
    preview: str = ""
    used: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    from_events: bool = False


def choose(
    kind: str, candidates: list[Candidate], events: list[dict[str, Plain]], *, role: str
) -> Chosen:
    """Return the content of one direction (`role`: "user" for the input, "assistant" for the output)."""
    if not candidates and not events:
        return Chosen()
    candidates.sort(key=lambda candidate: candidate.rank)
    if kind == "tool":
        return _tool(candidates, events, role)
    found = None
    if kind in {"llm", "agent"}:
        found = _conversation(candidates, events, role, values=kind == "llm")
    if found is None:
        found = _value(candidates, kind)
    if not found.content:
        found = _conversation(candidates, events, role, values=False) or found
    if not found.preview:
        found.preview = _preview(found, kind, role)
    return found


def _conversation(
    candidates: list[Candidate], events: list[dict[str, Plain]], role: str, *, values: bool
) -> Chosen | None:
    """The first candidate that reads as a conversation; answers in pieces and spoken values count as one."""
    found: list[Message] = []
    used: set[str] = set()
    instructions: Plain = None
    for candidate in candidates:
        if candidate.slot == "instructions":
            instructions = candidate.value
            used.update(candidate.keys)
        elif candidate.slot == "conversation" or (values and candidate.slot == "value"):
            if has_parts(found):
                if role == "assistant" and candidate.slot == "conversation":
                    found = with_tool_calls(found, messages_of(candidate.read(), role))
                continue
            messages = messages_of(candidate.read(), role)
            if has_parts(messages):
                found = messages
                if candidate.slot == "conversation":  # a value is an envelope that may hold more than its messages
                    used.update(candidate.keys)
    if not has_parts(found):
        found = _pieces(candidates, used)
    from_events = not has_parts(found) and bool(events)
    if from_events:
        found = _event_messages(events, role)
    if instructions is not None and (found or values):
        found = with_system(found, instructions)
    if not has_parts(found):
        return None
    return Chosen(compact(found), "", used, found, from_events=from_events)


def _pieces(candidates: Iterable[Candidate], used: set[str]) -> list[Message]:
    """An answer whose reasoning, text and tool calls came in attributes of their own."""
    pieces = {candidate.slot: candidate for candidate in candidates if candidate.slot in {"reasoning", "text", "tool_calls"}}
    parts = []
    for slot in ("reasoning", "text", "tool_calls"):
        candidate = pieces.get(slot)
        if candidate is None or candidate.value in (None, ""):
            continue
        used.update(candidate.keys)
        value = parse(candidate.value)
        if slot == "reasoning":
            inner = text(value) if isinstance(value, str) else None
            parts += parts_of({"type": "reasoning", "content": inner if inner is not None else value})
        elif slot == "text":
            parts += parts_of(text(candidate.value))
        elif isinstance(value, list):
            parts += [part for call in value if isinstance(call, dict) for part in parts_of({**call, "type": "tool-call"})]
        else:
            parts += parts_of(text(value))
    return [{"role": "assistant", "parts": list(parts)}] if parts else []


def _event_messages(events: list[dict[str, Plain]], role: str) -> list[Message]:
    """Messages in span events: one a message (old convention, Strands), or all in one event (latest)."""
    found: list[Message] = []
    for event in events:
        attributes = event["attributes"]
        if not isinstance(attributes, dict):
            continue
        name = str(event["name"])
        if name in {"gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion"}:
            found += _details(attributes, role)
        elif (name == "gen_ai.choice") == (role == "assistant"):
            own_role = _MESSAGE_ROLES.get(name, "assistant")
            content = attributes.get("message") if name == "gen_ai.choice" else attributes.get("content")
            message = {**attributes, "role": attributes.get("role") or own_role, "content": content}
            message.pop("message", None)
            inner = parse(content)
            if isinstance(inner, dict) and "content" in inner:  # {"message": {"role", "content", "tool_calls"}}
                message |= inner
            found += messages_of(message, role)
            if attributes.get("tool.result"):
                found += messages_of({"role": "tool", "content": attributes["tool.result"]}, role)
    return found


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


def _value(candidates: list[Candidate], kind: str) -> Chosen:
    ordered = [candidate for candidate in candidates if candidate.slot == "value"]
    if kind not in {"retrieval", "reranker", "embedding"}:
        # Documents are what retrieval returns; elsewhere they come with the value that holds them.
        ordered.sort(key=lambda candidate: candidate.items is not None)
    for candidate in ordered:
        raw = candidate.raw()
        if raw and raw != "null":
            return Chosen(raw, "", set(candidate.keys))
    return Chosen()


def _preview(found: Chosen, kind: str, role: str) -> str:
    messages = found.messages
    if not messages and found.content[:1] in ("{", "[") and kind in {"agent", "workflow", "llm"}:
        messages = messages_of(parse(found.content), role)
    if messages:
        return (last_user_text(messages) if role == "user" else answer_text(messages))[:PREVIEW]
    return found.content[:PREVIEW]


def _tool(candidates: list[Candidate], events: list[dict[str, Plain]], role: str) -> Chosen:
    ordered = sorted(candidates, key=lambda candidate: (candidate.slot != "tool", candidate.slot != "value", candidate.rank))
    for candidate in ordered:
        if candidate.slot in {"tool", "value"} and candidate.items is None:
            raw = candidate.raw()
            if raw:
                content = _unwrapped(raw, role)
                return Chosen(content, content[:PREVIEW], set(candidate.keys) if content == raw else set())
    name = "gen_ai.choice" if role == "assistant" else "gen_ai.tool.message"
    for event in events:
        attributes = event["attributes"]
        if event["name"] == name and isinstance(attributes, dict):
            value = attributes.get("message" if role == "assistant" else "content")
            content = _result_text(parse(value)) or text(value)
            return Chosen(content, content[:PREVIEW], set(), from_events=True)
    if role == "assistant":
        return _conversation(candidates, [], role, values=False) or Chosen()
    return Chosen()


def _unwrapped(raw: str, role: str) -> str:
    """Arguments without the frame in which decorators and LangChain callbacks report them; results likewise."""
    if raw[0] not in "{[":
        return raw
    value = parse(raw)
    if role == "assistant":
        return _result_text(value) or raw
    if isinstance(value, dict):
        if value.keys() <= _WRAPPED and value.get("kwargs") and not value.get("args"):
            return dump(value["kwargs"])
        if "input_str" in value:
            inner = value.get("inputs") or parse(value["input_str"])
            return text(inner) or raw
    return raw


def _result_text(value: Plain) -> str:
    """The text inside a tool message of LangChain, Bedrock, MCP, LlamaIndex or ADK; "" if it is none of these."""
    if isinstance(value, dict):
        if value.get("lc") == 1 and isinstance(value.get("kwargs"), dict):
            return _content_text(value["kwargs"])
        if value.get("type") == "tool" and ("content" in value or isinstance(value.get("data"), dict)):
            return _content_text(value if "content" in value else value["data"])
        if value.keys() == {"output"}:
            return _result_text(value["output"]) or text(value["output"])
        if isinstance(value.get("output"), dict):
            return _result_text(value["output"])
    if isinstance(value, list) and value and all(isinstance(item, dict) and isinstance(item.get("text"), str) for item in value):
        return "\n".join(str(item["text"]) for item in value if isinstance(item, dict))
    return ""


def _content_text(fields: Plain) -> str:
    content = fields.get("content") if isinstance(fields, dict) else None
    return _result_text(content) or text(content)
