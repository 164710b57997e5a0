"""Arguments and results of tools, without the frames in which decorators, callbacks and frameworks report them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.messages.parts import is_failure, says_failed
from schema.otlp.attributes import dump, parse, text

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain

_DEPTH = 4  # frames around a result that are followed
_FRAMES = ("result", "output", "kwargs", "data", "toolResult", "messages", "update")  # which hold a result
_WRAPPED = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})
# Without one of these words, arguments or a result have no frame, and need not be parsed.
_ARGUMENT_FRAMES = ('"kwargs"', '"input_str"', "'kwargs'")
_FAILURES = ("isError", "is_error", "status", "jsonrpc")
_RESULT_FRAMES = ('"content"', '"output"', '"text"')


def unwrapped_arguments(raw: str) -> str:
    """Return arguments without the frame of a decorator or of LangChain's callbacks; as they are if there is none."""
    if raw[:1] not in {"{", "["} or not _contains_any(raw, _ARGUMENT_FRAMES):
        return raw
    value = parse(raw)
    if isinstance(value, dict):
        if value.keys() <= _WRAPPED and value.get("kwargs") and not value.get("args"):
            return dump(value["kwargs"])
        if "input_str" in value:
            inner = value.get("inputs") or parse(value["input_str"])
            return text(inner) or raw
    return raw


def unwrapped_result(raw: str) -> str:
    """Return a result without the frame of a tool message; as it is if there is none."""
    if raw[:1] not in {"{", "["} or not _contains_any(raw, _RESULT_FRAMES):
        return raw
    return result_text(parse(raw)) or raw


def result_text(value: Plain) -> str:
    """Return the text inside a tool message of LangChain, Bedrock or MCP; "" if it is none of these."""
    if isinstance(value, dict):
        if value.get("lc") == 1 and isinstance(value.get("kwargs"), dict):
            return _content_text(value["kwargs"])
        if value.get("type") == "tool" and ("content" in value or isinstance(value.get("data"), dict)):
            return _content_text(value if "content" in value else value["data"])
        if value.keys() == {"output"}:
            return result_text(value["output"]) or text(value["output"])
        if isinstance(value.get("output"), dict):
            return result_text(value["output"])
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, dict) and isinstance(item.get("text"), str) for item in value)
    ):
        return "\n".join(str(item["text"]) for item in value if isinstance(item, dict))
    return ""


def result_failed(raw: str) -> bool:
    """Return whether a result says that the tool failed: one of MCP, JSON-RPC, Anthropic, Bedrock or LangChain."""
    return raw[:1] in {"{", "["} and _contains_any(raw, _FAILURES) and _failed(parse(raw), 0)


def _failed(value: Plain, depth: int) -> bool:
    if isinstance(value, list):
        return depth < _DEPTH and any(_failed(item, depth + 1) for item in value if isinstance(item, dict))
    if not isinstance(value, dict) or depth == _DEPTH:
        return False
    if says_failed(value) or ("jsonrpc" in value and isinstance(value.get("error"), dict)):
        return True
    if ("tool_call_id" in value or "toolUseId" in value) and is_failure(value.get("status")):
        return True
    return any(_failed(value[name], depth + 1) for name in _FRAMES if name in value)


def _contains_any(raw: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - any() takes longer than the search
        if word in raw:
            return True
    return False


def _content_text(fields: Plain) -> str:
    content = fields.get("content") if isinstance(fields, dict) else None
    return result_text(content) or text(content)
