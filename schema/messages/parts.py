"""Parts of a message: any provider's content blocks as text, tool call, tool result, reasoning or media.

The shape is that of the OpenTelemetry GenAI convention, so that its messages pass through unchanged:
`{"type": "text" | "reasoning", "content": str}`, `{"type": "tool_call", "id", "name", "arguments"}`,
`{"type": "tool_result", "id", "name", "content"}`, `{"type": "media", "modality", "mime_type", "uri" | "content"}`.
A key that the sender did not fill is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.otlp.attributes import Plain, dump, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Part = dict[str, Plain]

_TEXT_KEYS = ("text", "content", "refusal", "value")
_REASONING_KEYS = ("content", "thinking", "text", "reasoning", "summary", "reasoningText", "data")
_MEDIA_KEYS = (
    "uri",
    "url",
    "image_url",
    "input_audio",
    "source",
    "file",
    "file_id",
    "data",
    "content",
    "image",
    "bytes",
)


def text_part(content: str) -> Part:
    """Return a text part."""
    return {"type": "text", "content": content}


def tool_call(call_id: Plain, name: Plain, arguments: Plain) -> Part:
    """Return a tool call; arguments that are JSON in a string are read."""
    part: Part = {"type": "tool_call"}
    if call_id:
        part["id"] = call_id
    part["name"] = name or ""
    if arguments is not None:
        part["arguments"] = parse(arguments)
    return part


def tool_result(call_id: Plain, name: Plain, content: Plain) -> Part:
    """Return a tool result; a list of text blocks becomes one text."""
    part: Part = {"type": "tool_result"}
    if call_id:
        part["id"] = call_id
    if name:
        part["name"] = name
    part["content"] = _joined_text(content)
    return part


def parts_of(content: Plain) -> list[Part]:
    """Return the parts of a message's content: a string, one block or a list of blocks."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [text_part(content)]
    if isinstance(content, dict):
        return _block(content)
    if isinstance(content, list):
        return [part for item in content for part in parts_of(item)]
    return [text_part(dump(content))]


def _joined_text(content: Plain) -> Plain:
    if isinstance(content, list) and content:
        texts = [item.get("text") if isinstance(item, dict) else None for item in content]
        if all(isinstance(text, str) for text in texts):
            return "\n".join(str(text) for text in texts)
    return content


def _block(block: dict[str, Plain]) -> list[Part]:
    kind = block.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        return reader(block)
    for key, untyped in _UNTYPED.items():
        if key in block:
            return untyped(block)
    text = block.get("text")
    if isinstance(text, str):
        if block.get("thought") is True:  # Gemini
            return [{"type": "reasoning", "content": text}]
        return [text_part(text)]
    return [text_part(dump(block))]


def _first(block: dict[str, Plain], *keys: str) -> Plain:
    for key in keys:
        value = block.get(key)
        if value is not None and value != "":
            return value
    return None


def _text(block: dict[str, Plain]) -> list[Part]:
    value = _first(block, *_TEXT_KEYS)
    if isinstance(value, dict):  # OpenAI assistants: {"text": {"value": ...}}
        value = _first(value, "value", "text")
    if value is None:
        return []
    return [text_part(value if isinstance(value, str) else dump(value))]


def _reasoning(block: dict[str, Plain]) -> list[Part]:
    value = _first(block, *_REASONING_KEYS)
    if isinstance(value, dict):  # Bedrock: {"reasoningText": {"text": ...}}
        value = _first(value, "text", "reasoningText") or value
        if isinstance(value, dict):
            value = _first(value, "text") or value
    value = _joined_text(value)
    if value is None or value == []:
        return []
    return [{"type": "reasoning", "content": value if isinstance(value, str) else dump(value)}]


def _call(block: dict[str, Plain]) -> list[Part]:
    inner = _first(block, "toolUse", "function_call", "functionCall", "tool_call", "function")
    source = inner if isinstance(inner, dict) else block
    function = source.get("function")
    if isinstance(function, dict):
        name, arguments = function.get("name"), function.get("arguments")
    else:
        name = _first(source, "name", "toolName", "tool_name")
        arguments = _first(source, "arguments", "args", "input", "parameters")
    call_id = _first(source, "call_id", "id", "toolCallId", "toolUseId", "tool_use_id", "tool_call_id") or block.get(
        "id"
    )
    return [tool_call(call_id, name, arguments)]


def _result(block: dict[str, Plain]) -> list[Part]:
    inner = _first(block, "toolResult", "function_response", "functionResponse", "tool_call_result")
    source = inner if isinstance(inner, dict) else block
    call_id = _first(source, "tool_use_id", "toolUseId", "toolCallId", "tool_call_id", "call_id", "id")
    content = _first(source, "content", "result", "response", "output")
    if isinstance(content, dict) and content.keys() == {"type", "value"}:  # Vercel: {"type": "json", "value": ...}
        content = content["value"]
    return [tool_result(call_id, _first(source, "name", "toolName"), content)]


def _media(block: dict[str, Plain]) -> list[Part]:
    part: Part = {"type": "media"}
    modality = _first(block, "modality") or _modality(str(block.get("type") or ""))
    if modality:
        part["modality"] = modality
    value = _first(block, *_MEDIA_KEYS)
    source = value if isinstance(value, dict) else block
    inner = source.get("image")
    if isinstance(inner, dict):  # OpenInference: {"image": {"image": {"url": ...}}}
        source = inner
    mime_type = _first(source, "mime_type", "media_type", "mimeType", "mediaType", "format") or block.get("mediaType")
    if mime_type:
        part["mime_type"] = mime_type
    uri = _first(source, "uri", "url", "file_uri", "fileUri", "file_id", "image_url")
    if uri is not None:
        part["uri"] = uri
    else:
        content = _first(source, "data", "content", "bytes", "file_data", "image", "file")
        part["content"] = value if content is None else content
    return [part]


def _modality(kind: str) -> str:
    return next((name for name in ("image", "audio", "video") if name in kind), "")


_READERS: Mapping[str, Callable[[dict[str, Plain]], list[Part]]] = (
    dict.fromkeys(("text", "input_text", "output_text", "refusal"), _text)
    | dict.fromkeys(("reasoning", "thinking", "redacted_thinking"), _reasoning)
    | dict.fromkeys(("tool_call", "tool_use", "server_tool_use", "tool-call", "function_call", "function"), _call)
    | dict.fromkeys(
        ("tool_call_response", "tool_result", "tool-result", "function_call_output", "web_search_tool_result"), _result
    )
    | dict.fromkeys(
        (
            *("blob", "uri", "file", "media", "image", "image_url", "input_image", "audio", "input_audio", "video"),
            *("document", "input_file"),
        ),
        _media,
    )
)
_UNTYPED: Mapping[str, Callable[[dict[str, Plain]], list[Part]]] = (
    dict.fromkeys(("toolUse", "function_call", "functionCall", "tool_call"), _call)
    | dict.fromkeys(("toolResult", "function_response", "functionResponse", "tool_call_result"), _result)
    | dict.fromkeys(("reasoningContent",), lambda block: _reasoning({"content": block["reasoningContent"]}))
    | dict.fromkeys(
        ("inline_data", "inlineData"), lambda block: _media({"source": _first(block, "inline_data", "inlineData")})
    )
    | dict.fromkeys(("file_data", "fileData"), lambda block: _media({"source": _first(block, "file_data", "fileData")}))
)
