"""Parts of a message: text, reasoning, tool call, tool result, media, and any other block as it came.

The shape is that of the OpenTelemetry GenAI convention, so that its messages pass through unchanged:
`{"type": "text" | "reasoning", "content": str}`, `{"type": "tool_call", "id", "name", "arguments"}`,
`{"type": "tool_result", "id", "name", "content"}`, `{"type": "media", "modality", "mime_type", "uri" | "content"}`.
A key that the sender did not fill is left out. Fields for which this shape has no key are in `extra`, an object; in
that of a tool result, `is_error` is true if the tool failed, however the sender says so.
A block of an unknown type is `{"type": its type, "content": its other fields}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schema.messages.fields import holds
from schema.otlp.attributes import Plain, list_of, parse

if TYPE_CHECKING:
    from schema.messages.fields import Fields

Part = dict[str, Plain]

KNOWN: Final = frozenset({"text", "reasoning", "tool_call", "tool_result", "media"})
"""Types of parts that have keys of their own."""

_FAILED: Final = frozenset({"error", "failed", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"})
_TEXT_TYPES: Final = frozenset({None, "text", "input_text", "output_text", "summary_text", "reasoning_text"})


def text_part(content: str) -> Part:
    """Return a text part."""
    return {"type": "text", "content": content}


def refusal_part(content: str) -> Part:
    """Return the text in which a model refuses."""
    return {"type": "text", "content": content, "extra": {"type": "refusal"}}


def other_part(kind: str, block: dict[str, Plain]) -> Part:
    """Return a part for a block of a type that has no reader: it shows itself."""
    content = {key: value for key, value in block.items() if key != "type"}
    return {"type": kind, "content": content["content"] if content.keys() == {"content"} else content}


def tool_call(call_id: Plain, name: Plain, arguments: Plain) -> Part:
    """Return a tool call; arguments that are JSON in a string are read."""
    part: Part = {"type": "tool_call"}
    if call_id:
        part["id"] = call_id
    part["name"] = name or ""
    if arguments is not None:
        part["arguments"] = parse(arguments)
    return part


def tool_result(call_id: Plain, name: Plain, content: Plain, *, failed: bool = False) -> Part:
    """Return a tool result; a list of text blocks becomes one text."""
    part: Part = {"type": "tool_result"}
    if call_id:
        part["id"] = call_id
    if name:
        part["name"] = name
    part["content"], rest = joined_text(content)
    extra: dict[str, Plain] = {}
    if failed or says_failed(content):
        extra["is_error"] = True
    if rest:
        extra["content"] = rest
    if extra:
        part["extra"] = extra
    return part


def with_extra(part: Part, fields: Fields) -> Part:
    """Return the part with the fields that were not taken."""
    extra = fields.extra()
    if extra:
        known = part.get("extra")
        part["extra"] = {**extra, **known} if isinstance(known, dict) else extra
    return part


def says_failed(value: Plain) -> bool:
    """Return whether an object says that a tool failed, by a name that MCP, Anthropic, Bedrock or Gemini has for it.

    A `status` or an `outcome` is only looked at beside the other fields of a result, for tools have such fields too.
    """
    if isinstance(value, str):
        value = parse(value) if value[:1] == "{" and '"isError"' in value else None
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    return (
        value.get("isError") is True
        or value.get("is_error") is True
        or (isinstance(kind, str) and (kind.endswith("_tool_result_error") or kind.startswith("error-")))
    )


def is_failure(value: Plain) -> bool:
    """Return whether a status or an outcome of a tool result means failure."""
    return isinstance(value, str) and value in _FAILED


def joined_text(content: Plain) -> tuple[Plain, list[Plain]]:
    """Return a list of text blocks as one text, anything else as it is; and the other fields of each block."""
    blocks = list_of(content)
    texts = []
    rest: list[Plain] = []
    for item in blocks:
        text = item.get("text") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(text, str):
            return content, []
        texts.append(text)
        kind = item.get("type")
        plain = kind is None or (isinstance(kind, str) and kind in _TEXT_TYPES)
        ours = ("text", "type") if plain else ("text",)
        rest.append({key: value for key, value in item.items() if key not in ours and holds(value)})
    if not blocks:
        return content, []
    return "\n".join(texts), rest if any(rest) else []
