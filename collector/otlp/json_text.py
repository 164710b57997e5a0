"""Loads JSON that Python's own reader refuses for one character, one number or its depth."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from collector.otlp.refusals import BadRequestError

_JSON_LEVELS: Final = 200
"""Levels of objects and lists that are read; a request of MAX_LEVELS levels of messages has fewer."""

_DIGITS: Final = 40  # of an integer that is read as one; none of OTLP has more than 20
_TOKEN: Final = re.compile(r'[{\[\]}]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_ESCAPE: Final = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
_BAD_BACKSLASH: Final = "\udc5c"  # as if it were a byte that is no UTF-8


def load(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what the text holds; a surrogate is in place of a backslash without an escape. Raises BadRequestError."""
    text = _ESCAPE.sub(lambda escape: escape[0] if len(escape[0]) > 1 else _BAD_BACKSLASH, _without_deep(text))
    try:
        return json.loads(text, parse_constant=str, parse_int=_integer, strict=False)
    except json.JSONDecodeError as error:
        # Its message may quote the body.
        raise BadRequestError(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _DIGITS else digits


def _without_deep(text: str) -> str:
    """Return JSON in which null replaces what is nested deeper than any request."""
    parts = []
    depth = position = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "{[":
            depth += 1
            if depth == _JSON_LEVELS + 1:
                parts += [text[position : token.start()], "null"]
                position = len(text)  # if it does not end
        elif first != '"':
            depth -= 1
            if depth == _JSON_LEVELS:
                position = token.end()
    return "".join([*parts, text[position:]])
