"""OTLP attribute values as plain Python values, and JSON text read as far as it goes."""

from __future__ import annotations

import ast
import base64
import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from pydantic_core import PydanticSerializationError, from_json, to_json

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""What an OTLP value or a piece of JSON is in Python."""

_MAX_LITERAL = 1_000_000  # characters of a Python repr that we are willing to parse
_LONE_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
# `repr` writes no other escapes, and Python warns about unknown ones.
_NOT_A_REPR = re.compile(r"\\(?![\\'\"abfnrtvxuUN0-7\n])")
_JSON_START = frozenset('{["')

MENDED: Final = "otlp.mended"
"""The attribute with which the receiver names values of a record or resource that it mended."""

STAMPED: Final = "spanledger.stamped."
"""Before a context column: the resource attribute that is true where an ingest key, not the sender, named it."""


def plain(value: AnyValue) -> Plain:
    """Return an OTLP value as a plain value; bytes become base64, as in OTLP's own JSON encoding."""
    frequent: Plain = value.string_value or value.int_value
    if frequent:  # the fast path
        return frequent
    which = value.WhichOneof("value")
    if which is None:
        return None
    if which == "array_value":
        return [plain(item) for item in value.array_value.values]
    if which == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    if which == "bytes_value":
        return base64.b64encode(value.bytes_value).decode("ascii")
    return cast("Plain", getattr(value, which))


def text(value: Plain) -> str:
    """Return a plain value as the text stored for it: strings as they are, anything else as compact JSON."""
    if type(value) is str:
        return value
    if type(value) is int or (type(value) is float and isfinite(value)):
        return str(value)  # the same as dump(), without its cost
    return "" if value is None else dump(value)


def dump(value: object) -> str:
    """Return compact JSON; what is not a number in JSON (NaN, infinity) becomes a string."""
    try:
        return to_json(value, inf_nan_mode="strings").decode()
    except PydanticSerializationError:  # nested deeper than this serializer goes
        return json.dumps(value, default=str)


def parse(value: Plain) -> Plain:
    """Return the value that a string holds as JSON, cut-off JSON or a Python repr; the string itself if it holds none.

    Anything but a string is returned as it is. Plain words and numbers stay strings.
    """
    if not isinstance(value, str) or not value:
        return value
    first = value[0]
    if first not in _JSON_START:
        stripped = value.lstrip()
        if not stripped or stripped[0] not in "{[":
            return value
        value = stripped
    try:
        return cast("Plain", from_json(value, cache_strings="keys"))
    except ValueError as error:
        return _parse_broken(value, str(error))


def scalar(value: Plain) -> str:
    """Return the text of a value, without the quotes of a JSON string."""
    if type(value) is str and value[:1] != '"':
        return value
    return unquote(text(value))


def list_of(value: Plain) -> list[Plain]:
    """Return a list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def unquote(value: str) -> str:
    """Return the string inside a JSON-quoted scalar (MLflow and Langfuse 5 quote every attribute)."""
    if len(value) > 1 and value[0] == '"' and value[-1] == '"':
        inner = parse(value)
        return inner if isinstance(inner, str) else value
    return value


def _parse_broken(value: str, problem: str) -> Plain:
    try:
        if "EOF" in problem:  # cut by an attribute length limit
            return cast("Plain", from_json(value, allow_partial="trailing-strings"))
        if "surrogate" in problem or "hex escape" in problem:
            return cast("Plain", from_json(_LONE_SURROGATE.sub(r"\\ufffd", value)))
        if value[0] != '"' and len(value) <= _MAX_LITERAL and not _NOT_A_REPR.search(value):
            return _jsonable(ast.literal_eval(value))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        pass  # it is neither: it stays the text that it is
    return value


def _jsonable(value: object) -> Plain:
    """Return a literal of Python as a value of JSON: tuples and sets become lists, bytes become text."""
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_jsonable(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate cannot be stored
    if isinstance(value, (int, float, bool)) or value is None:
        return value
    return str(value)
