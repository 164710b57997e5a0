"""One message: its role, its parts, its name and finish reason, and as `extra` all else that its sender wrote in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schema.messages.blocks import parts_of
from schema.messages.fields import Fields
from schema.messages.leftover import leftover, texts_in
from schema.messages.parts import Part, is_failure, refusal_part, says_failed, tool_call, tool_result
from schema.messages.tool_definitions import definitions_of
from schema.otlp.attributes import Plain, list_of, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

Message = dict[str, Plain]

LANGCHAIN: Final = frozenset({"human", "ai", "system", "tool", "function", "chat", "AIMessageChunk", "developer"})
"""LangChain's types of messages."""
ROLES: Final = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "aimessagechunk": "assistant",
    "developer": "system",
    "function": "tool",
    "tool-call": "assistant",
    "tool-response": "tool",
}
_STANDARD_ROLES = frozenset({"system", "user", "assistant", "tool"})
_MESSAGE_TYPES = LANGCHAIN | {"message"}  # which say no more than the role


def message_with(role: Plain, parts: Sequence[Plain], fields: Fields | None = None) -> Message:
    """Return a message; of the fields given, those that no part took are its name, its finish reason, its extra."""
    name = role.lower() if isinstance(role, str) else ""
    message: Message = {"role": ROLES.get(name, name), "parts": list(parts)}
    if fields is None:
        return message
    for key in ("name", "finish_reason"):
        value = fields.take(key)
        if value:
            message[key] = value
    kind = fields.left.get("type")
    if isinstance(kind, str) and kind in _MESSAGE_TYPES:
        del fields.left["type"]
    extra = fields.extra()
    if "additional_kwargs" in extra:  # LangChain: the calls again, as the provider wrote them
        extra["additional_kwargs"] = leftover(extra["additional_kwargs"], frozenset(texts_in(parts)))
        extra = {key: value for key, value in extra.items() if value is not None}
    if extra:
        message["extra"] = extra
    return message


def standard(value: dict[str, Plain], role: str) -> Message:
    """Return the message that an object with `parts` is."""
    parts = value["parts"]
    own_role = value.get("role")
    texts = isinstance(parts, list) and _are_texts(parts)
    if texts and len(value) == 2 and type(own_role) is str and own_role in _STANDARD_ROLES:  # noqa: PLR2004
        return value  # a role and parts: it is in our shape already
    fields = Fields(value)
    del fields.left["parts"]
    fields.take("role")
    return message_with(own_role or role, list_of(parts) if texts else parts_of(parts), fields)


def _are_texts(parts: list[Plain]) -> bool:
    for part in parts:
        if not (
            isinstance(part, dict)
            and len(part) == 2  # noqa: PLR2004 - a type and a content, and nothing else
            and part.get("type") == "text"
            and isinstance(part.get("content"), str)
        ):
            return False
    return True


def chat(value: dict[str, Plain], role: str) -> list[Message]:
    """OpenAI, Anthropic, Bedrock, Vercel, OpenLLMetry: a role with content, calls and the id of a call answered."""
    fields = Fields(value)
    own_role = fields.take("role") or role
    content = fields.take("content", "contents")
    call_id = value.get("tool_call_id")
    if call_id and str(own_role).lower() in {"tool", "function", "user"}:
        result = parse(content) if isinstance(content, str) and content[:8] == '[{"type"' else content
        fields.take("tool_call_id")
        failed = is_failure(value.get("status")) or says_failed(value)
        return [message_with("tool", [tool_result(call_id, value.get("name"), result, failed=failed)], fields)]
    if isinstance(content, dict) and content.get("type") == "function" and str(own_role).lower() == "tool":
        return [message_with("system", list(definitions_of(content)))]  # Langfuse: the tools that LangChain offers
    parts: list[Part] = []
    for key in ("reasoning_content", "reasoning"):
        reasoning = value.get(key)
        if isinstance(reasoning, str) and reasoning:
            parts.append({"type": "reasoning", "content": reasoning})
            del fields.left[key]
    parts += parts_of(_content(content))
    parts += _calls(fields)
    refusal = value.get("refusal")
    if isinstance(refusal, str) and refusal:
        parts.append(refusal_part(refusal))
        del fields.left["refusal"]
    function = value.get("function")
    if isinstance(function, dict):  # AutoGen: {"role": "function", "function": {"0": "{...}"}}
        own_role, more = "tool", [_function_result(parse(item)) for item in function.values()]
        parts += more
        del fields.left["function"]
    if own_role == "user" and parts and all(part.get("type") == "tool_result" for part in parts):
        own_role = "tool"
    return [message_with(own_role, parts, fields)]


def _content(content: Plain) -> Plain:
    """OpenLLMetry and Strands keep a list of blocks as JSON in a string."""
    if isinstance(content, str) and content[:2] == "[{":
        parsed = parse(content)
        if isinstance(parsed, list) and all(
            isinstance(item, dict) and ("type" in item or item.keys() & {"text", "toolUse", "toolResult"})
            for item in parsed
        ):
            return parsed
    return content


def _function_result(item: Plain) -> Part:
    if isinstance(item, dict):
        return parts_of({**item, "type": "tool_result"})[0]
    return tool_result(None, None, item)


def _calls(fields: Fields) -> list[Part]:
    key = "tool_calls" if fields.left.get("tool_calls") else "toolCalls"
    calls = parse(fields.left.get(key))
    if isinstance(calls, dict):  # indexed keys that were not 0, 1, 2 ...
        calls = list(calls.values())
    read = [call for call in list_of(calls) if isinstance(call, dict)]
    if read and len(read) == len(list_of(calls)):
        del fields.left[key]
    parts = [part for call in read for part in parts_of({"type": "tool_call", **call})]
    single = fields.left.get("function_call")
    if isinstance(single, dict) and single.get("name"):
        parts += parts_of({"type": "tool_call", "function_call": single})
        del fields.left["function_call"]
    name = fields.take("function_call_name")
    if name:
        parts.append(tool_call(None, name, fields.take("function_call_arguments_json")))
    return parts
