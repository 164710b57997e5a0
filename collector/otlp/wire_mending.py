"""Mends the protobuf of a request that the parser refuses: one walk over the body, with the fields that OTLP defines.

The parser refuses a whole message for one text that is not UTF-8, for one value nested too deep, and for one broken
field. The walk replaces such texts and values, and rejects a span, log record, metric or data point with broken fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from google.protobuf.descriptor import FieldDescriptor
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.otlp.defects import BROKEN, NOT_UTF8, RECORDS, TOO_DEEP
from collector.otlp.refusals import BadRequestError
from collector.otlp.surrogates import mended_text

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from collector.otlp.defects import Defects, Path

MAX_LEVELS: Final = 100
"""Levels of messages below the request that protobuf's parser reads."""

DEEP_VALUE: Final = "<NESTED TOO DEEP>"
"""The text in place of a value that is nested deeper."""

_MAX_EDITS: Final = 300_000
"""Limit of texts, values and sizes to replace, because each takes memory."""

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES: Final = {_FIXED64: 8, _FIXED32: 4}
_EIGHT_BYTES: Final = frozenset({FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_DOUBLE})
_PACKED_FIXED64: Final = re.compile(rb"(?:.{8})*+", re.DOTALL)
_PACKED_VARINTS: Final = re.compile(rb"(?:[\x80-\xff]{0,9}+[\x00-\x7f])*+")
_MAX_TAG: Final = 2**32 - 1
_TAG_BYTES, _NUMBER_BYTES = 5, 10
_LAST_BYTE: Final = 127  # a varint continues after any byte above this
_PATHLESS: Final = ("resource", "scope")  # messages beside the records; what is lost in them is mended, not rejected


class _BrokenError(Exception):
    """The bytes are no field of protobuf."""


class _TooDeepError(Exception):
    """A message is nested deeper than the parser reads."""


@dataclass(slots=True)
class _Field:
    name: str
    repeated: bool
    nested: _Message | None = None
    numbers: re.Pattern[bytes] | None = None  # what a packed list of numbers looks like; None: a text or a message


@dataclass(slots=True)
class _Message:
    """The fields with texts or messages of a message, by number."""

    is_value: bool
    fields: dict[int, _Field] = field(default_factory=dict)


def mend_protobuf(body: bytes, request: type[Message], defects: Defects) -> bytes:
    """Return the body without what the parser refuses, and note it. Raises BadRequestError for too many defects."""
    mender = _Mender(body)
    mender.message(_message_of(request.DESCRIPTOR), 0, len(body), None, 0)
    for path, kind in mender.mended:
        defects.mend(path, kind)
    for path, kind in mender.rejected:
        defects.reject(path, kind)
    parts = []
    position = 0
    for start, end, content in sorted(mender.edits):
        parts += [body[position:start], content]
        position = end
    return b"".join([*parts, body[position:]])


class _Mender:
    """Collects the edits of one body: start, end and new content, none inside another."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.edits: list[tuple[int, int, bytes]] = []
        self.mended: list[tuple[Path, str]] = []
        self.rejected: list[tuple[Path, str]] = []

    def message(  # noqa: PLR0913, PLR0917 - a place in the body and in the request
        self,
        message: _Message,
        position: int,
        end: int,
        path: Path,
        level: int,
        counts: dict[int, int] | None = None,
        *,
        in_record: bool = False,
    ) -> int:
        """Mend the fields of a message from `position` to `end`; return by how many bytes it grows.

        `counts` are the items of its repeated fields that an earlier part of the same message has.
        """
        counts = {} if counts is None else counts
        parts: dict[int, dict[int, int]] = {}
        grown = 0
        while position < end:
            start = position
            try:
                number, size_at, position, next_position = self._field(position, end)
            except _BrokenError:
                if in_record:
                    raise
                self._cut(start, end, path)
                return grown - (end - start)
            known = message.fields.get(number)
            if known is None:
                position = next_position
                continue
            index = None
            if known.repeated:
                index = counts.get(number, 0)
                counts[number] = index + 1
            below = (path, known.name, index)
            if known.numbers is not None:  # of a data point
                if not known.numbers.fullmatch(self._body, position, next_position):
                    raise _BrokenError
            elif known.nested is None:
                grown += self._text(size_at, position, next_position, below)
            else:
                part = {} if known.repeated else parts.setdefault(number, {})
                place = size_at, position, next_position
                grown += self._nested(known.nested, place, below, level + 1, part, in_record=in_record)
            position = next_position
        return grown

    def _nested(  # noqa: PLR0913 - a place in the body and in the request
        self,
        message: _Message,
        place: tuple[int, int, int],
        path: Path,
        level: int,
        counts: dict[int, int],
        *,
        in_record: bool,
    ) -> int:
        size_at, start, end = place
        before = len(self.edits), len(self.mended), len(self.rejected)
        is_record = path is not None and path[1] in RECORDS
        if level > MAX_LEVELS:
            raise _TooDeepError
        try:
            grown = self.message(message, start, end, path, level, counts, in_record=in_record or is_record)
        except _BrokenError:
            if not is_record:
                raise
            self._undo(before)
            self.rejected.append((path, BROKEN))
            return self._replace(size_at, end, b"")
        except _TooDeepError:
            if not message.is_value:
                raise
            self._undo(before)
            self.mended.append((path, TOO_DEEP))
            return self._replace(size_at, end, AnyValue(string_value=DEEP_VALUE).SerializeToString())
        if grown:
            size = _varint(end - start + grown)
            self._edit(size_at, start, size)
            grown += len(size) - (start - size_at)
        return grown

    def _text(self, size_at: int, start: int, end: int, path: Path) -> int:
        content = self._body[start:end]
        if content.isascii():
            return 0
        try:
            content.decode()
        except UnicodeDecodeError:
            self.mended.append((path, NOT_UTF8))
            return self._replace(size_at, end, mended_text(content.decode("utf-8", "surrogateescape")).encode())
        return 0

    def _replace(self, size_at: int, end: int, content: bytes) -> int:
        """Replace the content of a field, with its size; return by how many bytes it grows."""
        new = _varint(len(content)) + content
        self._edit(size_at, end, new)
        return len(new) - (end - size_at)

    def _cut(self, start: int, end: int, path: Path) -> None:
        """Cut off the rest of a message that is no part of a record."""
        self._edit(start, end, b"")
        at = path
        while at is not None:
            if at[1] in _PATHLESS:
                self.mended.append((path, BROKEN))
                return
            at = at[0]
        self.rejected.append((path, f"{BROKEN}, from byte {start}"))

    def _edit(self, start: int, end: int, content: bytes) -> None:
        if len(self.edits) == _MAX_EDITS:
            raise BadRequestError(f"Too many values cannot be read, up to byte {start} alone.")
        self.edits.append((start, end, content))

    def _undo(self, before: tuple[int, int, int]) -> None:
        """Forget what was noted inside a message that is now replaced whole."""
        for noted, length in zip((self.edits, self.mended, self.rejected), before, strict=True):
            del noted[length:]  # type: ignore[attr-defined]

    def _field(self, position: int, end: int) -> tuple[int, int, int, int]:
        """Return the field's number, where its size is, its content and its end. Raises _BrokenError.

        The number is 0 for a field that is neither a text nor a message.
        """
        body = self._body
        tag = body[position]
        position += 1
        if tag > _LAST_BYTE:
            tag, position = self._number(position - 1, end, _TAG_BYTES)
        wire_type = tag & 7
        size_at = position
        if wire_type == _DELIMITED:
            size, position = self._number(position, end, _NUMBER_BYTES)
            after = position + size
            if after > end:
                raise _BrokenError
        elif wire_type == _VARINT:
            position = after = self._number(position, end, _NUMBER_BYTES)[1]
        elif wire_type in _FIXED_BYTES:
            position = after = position + _FIXED_BYTES[wire_type]
        else:
            raise _BrokenError
        if after > end or tag > _MAX_TAG or not tag >> 3:
            raise _BrokenError
        return (tag >> 3 if wire_type == _DELIMITED else 0), size_at, position, after

    def _number(self, position: int, end: int, most: int) -> tuple[int, int]:
        """Return the varint at this position, and the position after it."""
        number = 0
        for shift, at in enumerate(range(position, min(end, position + most))):
            byte = self._body[at]
            number |= (byte & _LAST_BYTE) << 7 * shift
            if byte <= _LAST_BYTE:
                return number, at + 1
        raise _BrokenError


@cache
def _message_of(message: Descriptor) -> _Message:
    return _table(message, {})


def _table(message: Descriptor, known: dict[str, _Message]) -> _Message:
    table = known[message.full_name] = _Message(message.full_name == AnyValue.DESCRIPTOR.full_name)
    for one in message.fields:
        nested = one.message_type
        if nested is not None:
            inner = known[nested.full_name] if nested.full_name in known else _table(nested, known)
            table.fields[one.number] = _Field(one.name, one.is_repeated, inner)
        elif one.type == FieldDescriptor.TYPE_STRING:
            table.fields[one.number] = _Field(one.name, one.is_repeated)
        elif one.is_repeated and one.type in _EIGHT_BYTES:
            table.fields[one.number] = _Field(one.name, one.is_repeated, numbers=_PACKED_FIXED64)
        elif one.is_repeated:  # OTLP has no lists of other numbers
            table.fields[one.number] = _Field(one.name, one.is_repeated, numbers=_PACKED_VARINTS)
    return table


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > _LAST_BYTE:
        out.append(number & _LAST_BYTE | 128)
        number >>= 7
    return bytes([*out, number])
