"""Parses OTLP's JSON encoding into a protobuf message.

It is protobuf's JSON mapping, except that ids are hex and unknown fields are ignored (OTLP 1.9, "JSON Protobuf
Encoding").
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from collector.otlp.fields import ENUMS, OBJECTS, SCALAR_LISTS
from collector.otlp.json_mending import mend_json
from collector.otlp.message_count import require_few_values
from collector.otlp.refusals import BadRequestError
from collector.otlp.wire_mending import MAX_LEVELS

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from collector.otlp.defects import Defects

_UNREADABLE = (
    *(ValueError, TypeError, AttributeError, ArithmeticError, RecursionError, json_format.ParseError),
    SystemError,  # how the parser fails at a field's name with half a surrogate pair
)
_OBJECT_ONLY = frozenset({dict})
_IDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})


def parse_json(body: bytes, message: Message, defects: Defects) -> None:
    """Fill the message from an OTLP/JSON body; values that had to be mended are noted. Raises BadRequestError.

    Raises TooLargeError for too many values.
    """
    text = body.decode("utf-8-sig", "surrogateescape")
    require_few_values(text)
    try:
        content = json.loads(text, object_hook=_checked, parse_constant=_no_number)
        if not isinstance(content, dict):
            raise TypeError
        json_format.ParseDict(content, message, ignore_unknown_fields=True)
    except _UNREADABLE:
        message.Clear()
    else:
        return
    content = mend_json(text, type(message), defects)
    try:
        json_format.ParseDict(content, message, ignore_unknown_fields=True, max_recursion_depth=MAX_LEVELS + 1)
    except _UNREADABLE:
        # These exceptions quote the payload, so they must not be chained.
        raise BadRequestError("The body is not OTLP in JSON.") from None


def _no_number(name: str) -> None:
    """Refuse NaN and Infinity, which JSON does not have: mended, they are the strings that OTLP has for them."""
    raise ValueError(name)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Convert hex ids to base64. Only ids have these field names in OTLP; a user's name is the value of `key`.

    Raises ValueError for what the parser would pass over in silence: text or a list in place of an object, an item of a
    list that is no object, and an unknown name of an enum.
    """
    for name, value in fields.items():
        kind = type(value)
        if kind is str:
            if name in _IDS:
                fields[name] = base64.b64encode(bytes.fromhex(value)).decode()
            elif name in OBJECTS or value not in ENUMS.get(name, (value,)):
                raise ValueError(name)
        elif kind is list and (
            name in OBJECTS or (name not in SCALAR_LISTS and not _OBJECT_ONLY.issuperset(map(type, value)))
        ):
            raise ValueError(name)
    return fields
