"""Parses OTLP's JSON encoding into a protobuf message.

It is protobuf's JSON mapping, except that ids are hex and unknown fields are ignored (OTLP 1.9, "JSON Protobuf
Encoding").
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from collector.otlp.message_count import require_few_values
from collector.otlp.refusals import BadRequestError

if TYPE_CHECKING:
    from google.protobuf.message import Message

_IDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})


def parse_json(body: bytes, message: Message) -> None:
    """Fill the message from an OTLP/JSON body, in UTF-8. Raises BadRequestError, TooLargeError."""
    try:
        text = body.decode("utf-8-sig")
        require_few_values(text)
        content = json.loads(text, object_hook=_ids_as_base64, parse_constant=_no_number)
        if not isinstance(content, dict):
            raise BadRequestError("The body is not a JSON object.")
        json_format.ParseDict(content, message, ignore_unknown_fields=True)
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError, json_format.ParseError):
        # These exceptions quote the payload, so they must not be chained.
        raise BadRequestError("The body is not OTLP in JSON.") from None


def _no_number(name: str) -> None:
    """Refuse NaN and Infinity: Python would accept them, but JSON has no such numbers. OTLP writes them as strings."""
    raise ValueError(name)


def _ids_as_base64(fields: dict[str, Any]) -> dict[str, Any]:
    """Convert hex ids to base64. Only ids have these field names in OTLP; a user's name is the value of `key`."""
    for name in _IDS & fields.keys():
        if isinstance(fields[name], str):
            fields[name] = base64.b64encode(bytes.fromhex(fields[name])).decode()
    return fields
