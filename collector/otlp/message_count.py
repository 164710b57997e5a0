"""Counts the messages in a body before it is decoded: two bytes of protobuf can become 180 bytes in memory.

A message is a span, an event, a link, an attribute, a value, a point and so on. Only bodies large enough to exceed the
limit are scanned.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from google.protobuf.descriptor import FieldDescriptor

from collector.otlp.refusals import TooLargeError

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

MAX_MESSAGES: Final = 1_500_000
"""Limit of messages in a protobuf request; fewer if they have many fields. If all are spans, this is 270 MB."""

MAX_JSON_VALUES: Final = 500_000
"""Limit of objects, lists and items in a JSON request; each takes some 7 µs of CPU."""

_MESSAGE: Final = 4  # weight of a message, in fields
_LIMIT: Final = MAX_MESSAGES * _MESSAGE
_SMALLEST_BYTES: Final = 2  # smallest message or field: a tag, and a length or a value
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_VARINTS: Final = frozenset(
    {
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_SINT32,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_BOOL,
        FieldDescriptor.TYPE_ENUM,
    }
)

_LAST_BYTE: Final = 127  # a varint continues after any byte above this
_PACKED_BYTES: Final = 2  # bytes of a packed list that count as one field, because each byte may become 8

_TOKEN: Final = re.compile(r'[{\[,]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)

_Fields = dict[int, "_Fields | int"]
"""By field number: the fields of a nested message, or _PACKED_BYTES for a list of numbers."""


def require_few_messages(body: bytes, request: type[Message]) -> None:
    """Raise TooLargeError for a body with more than MAX_MESSAGES messages. A body that is not protobuf passes."""
    if len(body) <= MAX_MESSAGES * _SMALLEST_BYTES:
        return
    try:
        weight = _weight(body, _fields_of(request.DESCRIPTOR))
    except IndexError:
        return  # it ends in the middle of a field: the parser reports it
    if weight > _LIMIT:
        raise TooLargeError(
            f"The request holds too many spans, attributes and values (some {MAX_MESSAGES} may): send less at once."
        )


def require_few_values(text: str) -> None:
    """Raise TooLargeError for JSON of more than MAX_JSON_VALUES objects, lists and items."""
    if sum(map(text.count, "{[,")) <= MAX_JSON_VALUES:  # counts characters inside strings too
        return
    left = MAX_JSON_VALUES
    for number, token in enumerate(_TOKEN.finditer(text)):
        left -= text[token.start()] != '"'
        if left < 0 or number > MAX_JSON_VALUES * _MESSAGE:
            raise TooLargeError(
                f"The JSON holds more than {MAX_JSON_VALUES} objects, lists and items: send less at once, or protobuf."
            )


@cache
def _fields_of(message: Descriptor) -> _Fields:
    return _table(message, {})


def _table(message: Descriptor, known: dict[str, _Fields]) -> _Fields:
    fields = known[message.full_name] = {}
    for field in message.fields:
        nested = field.message_type
        if nested is not None:  # known: an AnyValue may contain AnyValues
            fields[field.number] = known[nested.full_name] if nested.full_name in known else _table(nested, known)
        elif field.is_repeated and field.type in _VARINTS:
            fields[field.number] = _PACKED_BYTES
    return fields


def _weight(body: bytes, fields: _Fields) -> int:  # noqa: C901, PLR0912 - function calls would double the time
    """Return the weight of the body in fields (a message weighs _MESSAGE), or any number above the limit.

    Raises IndexError if it notices that the body is not protobuf.
    """
    weight = position = 0
    parents: list[tuple[int, _Fields]] = []
    end = len(body)
    while weight <= _LIMIT:
        while position >= end:
            if not parents:
                return weight
            end, fields = parents.pop()
        weight += 1
        # Varints of one and two bytes, the most frequent ones, are read inline.
        tag = body[position]
        position += 1
        if tag > _LAST_BYTE:
            tag, position = _varint(body, position - 1)
            weight += 2
        wire_type = tag & 7
        if wire_type == _DELIMITED:
            size = body[position]
            position += 1
            if size > _LAST_BYTE:
                byte = body[position]
                if byte > _LAST_BYTE:
                    size, position = _varint(body, position - 1)
                else:
                    size += (byte - 1) << 7
                    position += 1
            nested = fields.get(tag >> 3)
            if isinstance(nested, dict):
                weight += _MESSAGE - 1
                parents.append((end, fields))
                end, fields = position + size, nested
                body[end - 1]  # raises IndexError if the message is longer than the body
            else:
                position += size
                weight += size // nested if nested else 0
        elif wire_type == _VARINT:
            if body[position] > _LAST_BYTE:
                _, position = _varint(body, position)
                weight += 2
            else:
                position += 1
        elif wire_type == _FIXED64:
            position += 8
        elif wire_type == _FIXED32:
            position += 4
    return weight


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """Return the varint at this position, and the position after it. Raises IndexError."""
    number = 0
    for shift in range(0, 70, 7):
        byte = body[position]
        position += 1
        number |= (byte & _LAST_BYTE) << shift
        if byte <= _LAST_BYTE:
            return number, position
    raise IndexError
