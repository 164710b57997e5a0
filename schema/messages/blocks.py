"""Content blocks of any provider, read as parts (parts.py).

A block is read by its type, or by the key that holds it (Bedrock, Gemini). `_READERS` has the types that providers
use; kinds of hosted tools come and go, so their calls and results are known by the end of their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schema.messages.fields import Fields
from schema.messages.parts import (
    Part,
    is_failure,
    joined_text,
    other_part,
    says_failed,
    text_part,
    tool_call,
    tool_result,
    with_extra,
)
from schema.otlp.attributes import Plain, dump

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TEXT_KEYS: Final = ("text", "content", "refusal", "value", "citationsContent")
_REASONING_KEYS: Final = (
    *("content", "thinking", "text", "reasoning", "summary", "reasoningContent", "reasoningText", "data"),
)
_CALL_FRAMES: Final = (
    *("toolUse", "function_call", "functionCall", "tool_call", "toolCall", "toolInvocation", "function", "custom"),
    *("executableCode", "executable_code"),
)
_RESULT_FRAMES: Final = (
    *("toolResult", "function_response", "functionResponse", "tool_call_result", "toolResponse"),
    *("codeExecutionResult", "code_execution_result"),
)
_NAME: Final = ("name", "toolName", "tool_name")
_CALL_ID: Final = ("call_id", "id", "toolCallId", "toolUseId", "tool_use_id", "tool_call_id")
_RESULT_ID: Final = ("tool_use_id", "toolUseId", "toolCallId", "tool_call_id", "call_id", "id")
_ARGUMENTS: Final = ("arguments", "args", "input", "parameters", "server_tool_call")
_HOSTED_ARGUMENTS: Final = ("action", "actions", "operation", "code", "queries", "query")
_RESULT: Final = ("content", "result", "response", "output", "server_tool_call_response", "outputs", "tools")
_HOSTED_RESULT: Final = ("output", "outputs", "results", "result")
_MEDIA_FRAMES: Final = (
    *("inline_data", "inlineData", "file_data", "fileData", "image_url", "video_url", "input_audio", "source"),
    *("file", "image_file", "image", "audio", "video", "document"),
)
_MIME_TYPE: Final = ("mime_type", "media_type", "mimeType", "mediaType", "format")
_URI: Final = ("uri", "url", "file_uri", "fileUri", "file_id", "image_url", "video_url", "fileId")
_BYTES: Final = ("data", "content", "bytes", "file_data", "image", "file", "base64", "text", "source", "audio", "video")
_PLAIN_VALUES: Final = frozenset({"text", "json", "content"})  # Vercel's types of a tool's output


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


def is_call(kind: str) -> bool:
    """Return whether a block of this type calls a tool."""
    if kind in _READERS:
        return _READERS[kind] is _call
    return kind.endswith(("_call", "_tool_use", "_call_chunk"))


def is_result(kind: str) -> bool:
    """Return whether a block of this type holds the result of a tool."""
    if kind in _READERS:
        return _READERS[kind] is _result
    return kind.endswith(("_call_output", "_call_result", "_tool_result", "_call_response"))


def _block(block: dict[str, Plain]) -> list[Part]:
    kind = block.get("type")
    if isinstance(kind, str) and kind:
        return _typed(block, kind)
    for key, value in block.items():
        if isinstance(value, dict):
            if key in _UNTYPED:
                return _UNTYPED[key](Fields(block), key)
            if key in _BEDROCK_MEDIA and "format" in value and "source" in value:
                return _media(Fields(block), key)
    if isinstance(block.get("text"), str):
        return _text(Fields(block), "text")
    return [text_part(dump(block))]


def _typed(block: dict[str, Plain], kind: str) -> list[Part]:
    reader = _READERS.get(kind)
    if reader is None:
        if is_call(kind):
            return _hosted(Fields(block), kind.removesuffix("_call"))
        if is_result(kind):
            return _result(Fields(block), kind)
        if kind == "dynamic-tool" or (kind.startswith("tool-") and "toolCallId" in block and "state" in block):
            return _hosted(Fields(block), kind.removeprefix("tool-"))
        return [other_part(kind, block)]
    fields = Fields(block)
    if kind in _PLAIN:
        del fields.left["type"]
    return reader(fields, kind)


def _text(fields: Fields, _: str) -> list[Part]:
    if fields.left.get("thought") is True:  # Gemini
        del fields.left["thought"]
        return _reasoning(fields, "")
    value = fields.dig(*_TEXT_KEYS)  # OpenAI assistants: {"text": {"value": ...}}
    value, rest = joined_text(value)
    if rest:
        fields.left["content"] = rest
    text = value if isinstance(value, str) else "" if value is None else dump(value)
    part = with_extra(text_part(text), fields)
    return [part] if text or "extra" in part else []


def _reasoning(fields: Fields, _: str) -> list[Part]:
    value, rest = joined_text(fields.dig(*_REASONING_KEYS))  # Bedrock: {"reasoningText": {"text": ...}}
    if rest:
        fields.left["content"] = rest
    part: Part = {"type": "reasoning"}
    if value is not None:
        part["content"] = value if isinstance(value, str) else dump(value)
    part = with_extra(part, fields)
    return [part] if len(part) > 1 else []


def _call(fields: Fields, kind: str) -> list[Part]:
    source = fields.enter(*_CALL_FRAMES)
    inner = source.enter("function")
    name = inner.take(*_NAME) or source.take(*_NAME)
    arguments = inner.take(*_ARGUMENTS)
    if arguments is None and name is None:  # Gemini: code that it runs itself
        arguments = source.take(*_HOSTED_ARGUMENTS)
        name = kind if arguments is not None else None
    call_id = source.take(*_CALL_ID) or fields.take("id")
    return [with_extra(tool_call(call_id, name, arguments), fields)]


def _hosted(fields: Fields, name: str) -> list[Part]:
    """Read a call that may hold its result too: the provider ran the tool (OpenAI), or it is a record of both."""
    call_id = fields.take(*_CALL_ID)
    own_name = fields.take(*_NAME) or name
    arguments = fields.take(*_ARGUMENTS)
    if arguments is None:
        arguments = fields.take(*_HOSTED_ARGUMENTS)
    result = fields.take(*_HOSTED_RESULT)
    error = fields.take("error", "errorText")
    parts = [with_extra(tool_call(call_id, own_name, arguments), fields)]
    if result is not None:
        parts.append(tool_result(call_id, own_name, result))
    if error is not None:
        parts.append(tool_result(call_id, own_name, error, failed=True))
    return parts


def _result(fields: Fields, kind: str) -> list[Part]:
    source = fields.enter(*_RESULT_FRAMES)
    call_id = source.take(*_RESULT_ID) or fields.take("id")
    content = source.take(*_RESULT, *(("error",) if kind == "tool-error" else ()))
    failed = kind == "tool-error" or any(
        is_failure(of.left.get(key)) or says_failed(of.left) for of in (source, fields) for key in ("status", "outcome")
    )
    if isinstance(content, dict) and content.keys() - {"providerOptions"} == {"type", "value"}:  # Vercel
        failed = failed or says_failed(content)
        fields.left["output"] = content
        output = fields.enter("output")
        content = output.left.pop("value")
        if str(output.left["type"]) in _PLAIN_VALUES:
            del output.left["type"]
    return [with_extra(tool_result(call_id, source.take(*_NAME), content, failed=failed), fields)]


def _media(fields: Fields, kind: str) -> list[Part]:
    part: Part = {"type": "media"}
    modality = fields.take("modality") or next((name for name in ("image", "audio", "video") if name in kind), "")
    if modality:
        part["modality"] = modality
    frames = [fields]
    while (inner := frames[-1].enter(*_MEDIA_FRAMES, "s3Location")) is not frames[-1]:
        frames.append(inner)  # OpenInference: {"image": {"image": {"url": ...}}}
    frames.reverse()
    for name, keys in (("mime_type", _MIME_TYPE), ("uri", _URI), ("content", _BYTES)):
        value = next((value for frame in frames if (value := frame.take(*keys)) is not None), None)
        if value is not None:
            part[name] = value
            if name == "uri":
                break
    return [with_extra(part, fields)]


def _shown(fields: Fields, key: str) -> list[Part]:
    return [with_extra({"type": key, "content": fields.left.pop(key)}, fields)]


_PLAIN: Final = frozenset(
    {
        *("text", "input_text", "output_text", "reasoning", "reasoning_text", "summary_text", "thinking", "media"),
        *("tool_call", "tool_use", "tool-call", "function_call", "function", "custom_tool_call"),
        *("tool_call_response", "tool_result", "tool-result", "function_call_output", "custom_tool_call_output"),
        *("image", "image_url", "input_image", "audio", "input_audio", "video", "blob", "uri"),
    }
)
"""Types that the type of the part, with its modality, says again."""

_BEDROCK_MEDIA: Final = frozenset({"image", "video", "audio", "document"})

_READERS: Final[Mapping[str, Callable[[Fields, str], list[Part]]]] = (
    dict.fromkeys(("text", "input_text", "output_text", "summary_text", "refusal"), _text)
    | dict.fromkeys(("reasoning", "thinking", "redacted_thinking", "reasoning_text"), _reasoning)
    | dict.fromkeys(("tool_call", "tool_use", "server_tool_use", "mcp_tool_use", "tool-call", "function_call"), _call)
    | dict.fromkeys(("function", "custom", "custom_tool_call", "invalid_tool_call", "server_tool_call"), _call)
    | dict.fromkeys(("tool-invocation",), _call)
    | dict.fromkeys(
        (
            *("tool_call_response", "tool_result", "tool-result", "tool-error", "function_call_output"),
            *("server_tool_result", "tool_search_output", "server_tool_call_response"),
        ),
        _result,
    )
    | dict.fromkeys(
        (
            *("blob", "uri", "file", "media", "image", "image_url", "input_image", "audio", "input_audio", "video"),
            *("document", "input_file", "image_file", "video_url", "input_video", "audio_url", "computer_screenshot"),
            *("container_upload", "text-plain"),
        ),
        _media,
    )
)
_UNTYPED: Final[Mapping[str, Callable[[Fields, str], list[Part]]]] = (
    dict.fromkeys(("toolUse", "function_call", "functionCall", "tool_call", "toolCall"), _call)
    | dict.fromkeys(("executableCode", "executable_code"), lambda fields, _: _call(fields, "code_execution"))
    | dict.fromkeys(
        (
            *("toolResult", "function_response", "functionResponse", "tool_call_result", "toolResponse"),
            *("codeExecutionResult", "code_execution_result"),
        ),
        _result,
    )
    | {"reasoningContent": _reasoning, "citationsContent": _text}
    | dict.fromkeys(("inline_data", "inlineData", "file_data", "fileData"), _media)
    | dict.fromkeys(("guardContent", "cachePoint", "searchResult"), _shown)
)
