"""Input and output of a span, in one shape by kind, and what of its attributes they make superfluous.

llm: a conversation. agent: a conversation if it was sent as one, else the value. tool: arguments and result.
Anything else: the value as it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schema.attributes import Plain, dump, parse, text, unquote
from schema.definitions import definitions_of, with_definitions
from schema.dialects.rules import STANDARD
from schema.indexed import tree
from schema.message_shapes import Message, messages_of, with_system
from schema.messages import PREVIEW, answer_text, compact, has_parts, last_user_text, with_tool_calls
from schema.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.dialects.rules import Rule
    from schema.parts import Part

_BESIDE = frozenset({"instructions", "definitions"})
_TOOL_SLOTS = frozenset({"tool", "value"})
_WRAPPED = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})
# Without one of these words, arguments or a result have no frame, and need not be read.
_FRAMES = {"user": ('"kwargs"', '"input_str"', "'kwargs'"), "assistant": ('"content"', '"output"', '"text"')}
_MESSAGE_ROLES = {"gen_ai.system.message": "system", "gen_ai.user.message": "user", "gen_ai.tool.message": "tool"}


class Candidate:
    """One attribute, or one family of indexed attributes, that may hold the input or the output.

    `slot`: conversation, value, tool, instructions, definitions, text, reasoning or tool_calls. `prefix`: of indexed
    keys, or "".
    """

    __slots__ = ("dialect", "items", "prefix", "slot")

    def __init__(self, rule: Rule, items: list[tuple[str, Plain]]) -> None:
        _, self.slot, _, self.dialect, _, self.prefix = rule
        self.items = items

    @property
    def value(self) -> Plain:
        """The value of the (first) attribute."""
        return self.items[0][1]

    @property
    def keys(self) -> list[str]:
        """The attributes that it is made of."""
        return [key for key, _ in self.items]

    def read(self) -> Plain:
        """Return the value, read from JSON or from indexed keys."""
        return self._tree() if self.prefix else parse(self.value)

    def calls_tools(self) -> bool:
        """Return whether it may hold a tool call, without reading it."""
        if self.prefix:
            return any("tool_calls." in key or "function_call" in key for key, _ in self.items)
        return "tool" in text(self.value)

    def raw(self) -> str:
        """Return the value as the sender wrote it."""
        return dump(self._tree()) if self.prefix else unquote(text(self.value))

    def _tree(self) -> Plain:
        return tree(self.prefix, self.items)


@dataclass(slots=True)
class Chosen:
    """The content of one direction: what is stored, its preview, and the keys that it makes superfluous."""

    content: str = ""
    preview: str = ""
    used: set[str] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    from_events: bool = False


def choose(kind: str, candidates: list[Candidate], events: list[dict[str, Plain]], *, role: str) -> Chosen:
    """Return the content of one direction (`role`: "user" for the input, "assistant" for the output)."""
    if not candidates and not events:
        return Chosen()
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
    """Return the first candidate that reads as a conversation, else an answer in pieces, else the message events.

    With `values` (a model call), what came beside the messages joins them: the system prompt and the tools offered.
    """
    found, used = _first_conversation(candidates, role, values=values)
    found = found or _pieces(candidates)
    from_events = not found and bool(events)
    if from_events:
        found = _event_messages(events, role)
    beside = [candidate for candidate in candidates if candidate.slot in _BESIDE]
    if beside and (found or values):
        if values and not found:
            bare = _value(candidates, "llm")
            found, used = [{"role": role, "parts": list(parts_of(bare.content))}], bare.used
        found = _with_beside(found, beside, used, tools=values)
    found = [message for message in found if message.get("parts")]
    if not found:
        return None
    return Chosen(compact(found), "", used, found, from_events=from_events)


def _with_beside(messages: list[Message], beside: list[Candidate], used: set[str], *, tools: bool) -> list[Message]:
    definitions: list[Part] = []
    for candidate in beside:
        if candidate.slot == "instructions":
            messages = with_system(messages, candidate.value)
            used.update(candidate.keys)
        elif tools and not definitions:
            definitions = definitions_of(candidate.read())
    return with_definitions(messages, definitions)


def _first_conversation(candidates: list[Candidate], role: str, *, values: bool) -> tuple[list[Message], set[str]]:
    found: list[Message] = []
    used: set[str] = set()
    for candidate in candidates:
        slot = candidate.slot
        if slot != "conversation" and not (values and slot == "value"):
            continue
        if not found:
            messages = messages_of(candidate.read(), role)
            if has_parts(messages):
                found = messages
                if candidate.dialect == STANDARD:  # any other shape may hold more than its messages
                    used.update(candidate.keys)
        elif role == "assistant" and slot == "conversation" and candidate.calls_tools():
            found = with_tool_calls(found, messages_of(candidate.read(), role))
    return found, used


def _pieces(candidates: Iterable[Candidate]) -> list[Message]:
    """Return an answer whose reasoning, text and tool calls came in attributes of their own."""
    pieces = {
        candidate.slot: candidate for candidate in candidates if candidate.slot in {"reasoning", "text", "tool_calls"}
    }
    parts = []
    for slot in ("reasoning", "text", "tool_calls"):
        candidate = pieces.get(slot)
        if candidate is None or candidate.value in (None, ""):
            continue
        value = parse(candidate.value)
        if slot == "reasoning":
            inner = text(value) if isinstance(value, str) else None
            parts += parts_of({"type": "reasoning", "content": inner if inner is not None else value})
        elif slot == "text":
            parts += parts_of(text(candidate.value))
        elif isinstance(value, list):
            parts += [
                part for call in value if isinstance(call, dict) for part in parts_of({**call, "type": "tool-call"})
            ]
        else:
            parts += parts_of(text(value))
    return [{"role": "assistant", "parts": list(parts)}] if parts else []


def _event_messages(events: list[dict[str, Plain]], role: str) -> list[Message]:
    """Return the messages in span events: one a message (old convention, Strands), or all in one event (latest)."""
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
        ordered.sort(key=lambda candidate: bool(candidate.prefix))
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
    for candidate in candidates:
        if candidate.slot in _TOOL_SLOTS and not candidate.prefix:
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
    if raw[0] not in "{[" or not any(mark in raw for mark in _FRAMES[role]):
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
    """Return the text inside a tool message of LangChain, Bedrock or MCP; "" if it is none of these."""
    if isinstance(value, dict):
        if value.get("lc") == 1 and isinstance(value.get("kwargs"), dict):
            return _content_text(value["kwargs"])
        if value.get("type") == "tool" and ("content" in value or isinstance(value.get("data"), dict)):
            return _content_text(value if "content" in value else value["data"])
        if value.keys() == {"output"}:
            return _result_text(value["output"]) or text(value["output"])
        if isinstance(value.get("output"), dict):
            return _result_text(value["output"])
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, dict) and isinstance(item.get("text"), str) for item in value)
    ):
        return "\n".join(str(item["text"]) for item in value if isinstance(item, dict))
    return ""


def _content_text(fields: Plain) -> str:
    content = fields.get("content") if isinstance(fields, dict) else None
    return _result_text(content) or text(content)
