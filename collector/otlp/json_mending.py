"""Mends the JSON of a request that the parser refuses, so that one bad value costs only itself.

What can be read is kept: in an attribute, a value of the wrong kind becomes text. A field that has no place for text,
such as a time that is no number, is left out: it is unknown.
"""

from __future__ import annotations

import base64
import binascii
import json
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.otlp.defects import NOT_UTF8, RECORDS, TOO_DEEP
from collector.otlp.json_text import load
from collector.otlp.refusals import BadRequestError
from collector.otlp.surrogates import has_surrogates, mended_text
from collector.otlp.wire_mending import DEEP_VALUE, MAX_LEVELS

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from collector.otlp.defects import Defects, Path

ID_BYTES: Final = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
"""Fields with ids, which are hex in OTLP's JSON, and their lengths."""

_ENVELOPES: Final = frozenset({"resource_spans", "resource_logs", "resource_metrics"}) | {
    f"scope_{signal}" for signal in ("spans", "logs", "metrics")
}
_MAX_UNSIGNED, _MAX_SIGNED = 2**64 - 1, 2**63 - 1
_UNSIGNED: Final = frozenset({FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_UINT64})
_SIGNED: Final = frozenset({FieldDescriptor.TYPE_SFIXED64, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_SINT64})
_INT64: Final = _UNSIGNED | _SIGNED
_SAFE_DIGITS: Final = 18  # of a number that fits into 64 bits
_FLOATS: Final = frozenset({FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT})
_KINDS: Final = {
    FieldDescriptor.TYPE_STRING: "not a string",
    FieldDescriptor.TYPE_BYTES: "not base64",
    FieldDescriptor.TYPE_BOOL: "not true or false",
    FieldDescriptor.TYPE_ENUM: "no value of the enum",
    FieldDescriptor.TYPE_MESSAGE: "not an object",
}


class _TooDeepError(Exception):
    """A message is nested deeper than the parser reads."""


_Fields = dict[str, FieldDescriptor]
"""The fields of a message by their names in JSON and in protobuf."""


def mend_json(text: str, request: type[Message], defects: Defects) -> dict[str, Any]:
    """Return the object that a body holds, without what the parser refuses. Raises BadRequestError.

    In the text, bytes that are no UTF-8 are surrogates.
    """
    content = load(text)
    if not isinstance(content, dict):
        raise BadRequestError("The body is not a JSON object.")
    _Mender(defects).message(content, _fields_of(request.DESCRIPTOR), None, 0)
    return content


class _Mender:
    """Mends messages in place, and notes what it did."""

    def __init__(self, defects: Defects) -> None:
        self._defects = defects

    def message(self, content: dict[str, Any], fields: _Fields, path: Path, level: int) -> None:
        """Mend the fields of an object. Raises _TooDeepError, BadRequestError."""
        seen = set()
        for name, value in list(content.items()):
            known = fields.get(name)
            if known is None or value is None:
                content.pop(name)  # the parser would ignore it, unless it has surrogates
                continue
            slot = known.containing_oneof.name if known.containing_oneof else known.name
            below = (path, known.name, None)
            if slot in seen:
                self._defects.mend(below, "sent twice")
                del content[name]
                continue
            seen.add(slot)
            if known.is_repeated:
                mended = self._list(value, known, path, level)
            elif known.message_type is not None:
                mended = self._object(value, known, below, level)
            else:
                mended = self._scalar(value, known, below)
            if mended is None:
                self._leave_out(content, name, value, known, below)
            else:
                content[name] = mended

    def _leave_out(self, content: dict[str, Any], name: str, value: Any, known: FieldDescriptor, path: Path) -> None:  # noqa: ANN401 - any JSON
        del content[name]
        self._defects.mend(path, "not hex" if known.name in ID_BYTES else _KINDS.get(known.type, "not a number"))
        if known.containing_type is AnyValue.DESCRIPTOR:
            content["stringValue"] = _as_text(value)

    def _object(self, value: Any, known: FieldDescriptor, path: Path, level: int) -> Any:  # noqa: ANN401 - any JSON
        """Return a nested message, None if it is none."""
        is_value = known.message_type is AnyValue.DESCRIPTOR
        if not isinstance(value, dict):
            if not is_value:
                return None
            self._defects.mend(path, "not an object")
            return {"stringValue": _as_text(value)}
        if level == MAX_LEVELS:
            raise _TooDeepError
        before = len(self._defects.mended)
        try:
            self.message(value, _fields_of(known.message_type), path, level + 1)
        except _TooDeepError:
            if not is_value:
                raise
            del self._defects.mended[before:]
            self._defects.mend(path, TOO_DEEP)
            return {"stringValue": DEEP_VALUE}
        return value

    def _list(self, value: Any, known: FieldDescriptor, path: Path, level: int) -> list[Any] | None:  # noqa: ANN401 - any JSON
        """Return a list of messages or scalars, None if it is none."""
        if isinstance(value, dict) and known.message_type is not None:
            self._defects.mend((path, known.name, None), "not a list")
            value = _as_list(value, known)
        if not isinstance(value, list):
            if known.name in RECORDS or known.name in _ENVELOPES:
                self._defects.reject((path, known.name, None), "not a list")
                return []
            return None
        if known.message_type is None:
            items = [self._scalar(item, known, (path, known.name, index)) for index, item in enumerate(value)]
            return None if None in items else items  # the place of a number means something
        return self._messages(value, known, path, level)

    def _messages(self, value: list[Any], known: FieldDescriptor, path: Path, level: int) -> list[Any]:
        mended: list[Any] = []
        for index, item in enumerate(value):
            below = (path, known.name, index)
            if item is None and known.message_type is AnyValue.DESCRIPTOR:
                mended.append({})
                continue
            found = self._object(item, known, below, level)
            if found is not None:
                mended.append(found)
            elif known.name in RECORDS or known.name in _ENVELOPES:
                self._defects.reject(below, "not an object")
                mended.append({})  # keeps the place until it is removed
            else:
                self._defects.mend(below, "not an object")
        return mended

    def _scalar(self, value: Any, known: FieldDescriptor, path: Path) -> Any:  # noqa: ANN401, C901, PLR0911 - any JSON; one line a kind
        """Return a value that the parser reads, None if it cannot be one of this field."""
        kind = known.type
        if kind == FieldDescriptor.TYPE_STRING:
            if not isinstance(value, str):
                self._defects.mend(path, "not a string")
                return _as_text(value)
            if has_surrogates(value):
                self._defects.mend(path, NOT_UTF8)
                return mended_text(value)
            return value
        if known.name in ID_BYTES:
            return self._id(value, known.name, path)
        if isinstance(value, str):
            if not value.isascii():
                return None
            if kind in _INT64 and value.isdecimal() and len(value) <= _SAFE_DIGITS:
                return value
        elif type(value) is int:
            if (kind in _UNSIGNED and 0 <= value <= _MAX_UNSIGNED) or (kind in _SIGNED and abs(value) <= _MAX_SIGNED):
                return value
        elif type(value) is float and kind in _FLOATS and isfinite(value):
            return value
        if kind == FieldDescriptor.TYPE_ENUM and isinstance(value, str):
            return _of_enum(value, known)
        return value if _parses(value, known) else None

    def _id(self, value: Any, name: str, path: Path) -> str | None:  # noqa: ANN401 - any JSON
        """Return an id as the parser reads it; two other ways to write one are read if they are certain."""
        if not isinstance(value, str):
            return None
        length = ID_BYTES[name]
        written = value.replace("-", "")
        try:
            found = bytes.fromhex(written)
            if written != value:
                if len(found) != length:
                    return None
                self._defects.mend(path, "hex with dashes")
        except ValueError:
            if len(value) != -(-length // 3) * 4:
                return None
            try:
                found = base64.b64decode(value, validate=True)
            except (ValueError, binascii.Error):
                return None
            if len(found) != length:
                return None
            self._defects.mend(path, "base64, not hex")
        return base64.b64encode(found).decode()


def _as_text(value: Any) -> str:  # noqa: ANN401 - any JSON
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return mended_text(text)


def _as_list(value: dict[str, Any], known: FieldDescriptor) -> list[Any]:
    """Return an object in place of a list: the only item, or attributes by their keys."""
    if known.message_type is KeyValue.DESCRIPTOR and "key" not in value:
        return [{"key": key, "value": item} for key, item in value.items()]
    return [value]


def _of_enum(value: str, known: FieldDescriptor) -> str | None:
    """Return the value's name in OTLP; senders leave out its prefix (`ERROR`) or write it in lower case."""
    upper = value.upper()
    names = known.enum_type.values_by_name if known.enum_type else ()
    for name in names:
        if name == upper or name.endswith(f"_{upper}"):
            return name
    return value if value.isdecimal() and _parses(value, known) else None


def _parses(value: Any, known: FieldDescriptor) -> bool:  # noqa: ANN401 - any JSON
    message = message_factory.GetMessageClass(cast("Descriptor", known.containing_type))()
    try:
        json_format.ParseDict({known.name: [value] if known.is_repeated else value}, message)
    except (ValueError, TypeError, AttributeError, ArithmeticError, json_format.ParseError):
        return False
    return True


@cache
def _fields_of(message: Descriptor) -> _Fields:
    return {name: one for one in message.fields for name in (one.json_name, one.name)}
