"""How many messages a body makes, found before the first is made: two bytes of protobuf become up to 180 in memory.

A message is a span, an event, a link, an attribute, a value, a point and so on. Only bodies that could hold too many
are looked through.
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
"""Messages of a request in protobuf, less where they hold many fields: at most 270 MB in memory, if all are spans."""

MAX_JSON_VALUES: Final = 500_000
"""Objects, lists and items of a request in JSON, of which each takes some 7 µs of CPU."""

_MESSAGE: Final = 4  # as many fields does a message count
_LIMIT: Final = MAX_MESSAGES * _MESSAGE
_SMALLEST_BYTES: Final = 2  # of a message or a field: a tag, and a length or a value
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

_LAST_BYTE: Final = 127  # a byte above it is followed by another one of the same number
_PACKED_BYTES: Final = 2  # of a list of numbers that count as a field: each byte may become 8

_TOKEN: Final = re.compile(r'[{\[,]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)

_Fields = dict[int, "_Fields | int"]
"""The fields of a message that hold messages, by number, and those that hold lists of numbers: _PACKED_BYTES."""


def require_few_messages(body: bytes, request: type[Message]) -> None:
    """Raise TooLargeError for a body that holds more than MAX_MESSAGES; a body that is no protobuf passes."""
    if len(body) <= MAX_MESSAGES * _SMALLEST_BYTES:
        return
    try:
        weight = _weight(body, _fields_of(request.DESCRIPTOR))
    except IndexError:
        return  # it ends in the middle of a field: the parser says so
    if weight > _LIMIT:
        raise TooLargeError(
            f"The request holds too many spans, attributes and values (some {MAX_MESSAGES} may): send less at once."
        )


def require_few_values(text: str) -> None:
    """Raise TooLargeError for JSON of more than MAX_JSON_VALUES objects, lists and items."""
    if sum(map(text.count, "{[,")) <= MAX_JSON_VALUES:  # those inside strings too
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
        inside = field.message_type
        if inside is not None:  # an AnyValue may hold AnyValues
            fields[field.number] = known[inside.full_name] if inside.full_name in known else _table(inside, known)
        elif field.is_repeated and field.type in _VARINTS:
            fields[field.number] = _PACKED_BYTES
    return fields


def _weight(body: bytes, fields: _Fields) -> int:  # noqa: C901, PLR0912 - a call for each part would double the time
    """Return how many fields the body holds, a message counting as many, or any number above the limit.

    Raises IndexError for what is no protobuf, where that is seen.
    """
    weight = position = 0
    above: list[tuple[int, _Fields]] = []
    end = len(body)
    while weight <= _LIMIT:
        while position >= end:
            if not above:
                return weight
            end, fields = above.pop()
        weight += 1
        # Numbers of one and two bytes are read here: these are most of them.
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
            inside = fields.get(tag >> 3)
            if isinstance(inside, dict):
                weight += _MESSAGE - 1
                above.append((end, fields))
                end, fields = position + size, inside
                body[end - 1]  # it ends where the body has ended already?
            else:
                position += size
                weight += size // inside if inside else 0
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
    """Return the number at this position and the position after it. Raises IndexError."""
    number = 0
    for shift in range(0, 70, 7):
        byte = body[position]
        position += 1
        number |= (byte & _LAST_BYTE) << shift
        if byte <= _LAST_BYTE:
            return number, position
    raise IndexError
