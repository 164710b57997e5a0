"""Elements of a text that is a JSON array of objects: agents resend a growing history, and old elements are cached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENING = re.compile(r"\s*\[\s*(?=\{)")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)  # the last string may be cut
_BETWEEN = re.compile(r"\s*,\s*(?=\{)")
_CLOSING = re.compile(r"\s*\]\s*\Z")


def elements(text: str) -> list[tuple[int, int]]:
    """Return start and end of each element; one stretch for all of the text if it is no array of several objects.

    Only brackets, commas and space lie between them. The last one may be cut.
    """
    opening = _OPENING.match(text)
    objects = list(_objects(text, opening.end())) if opening else []
    if len(objects) > 1 and (objects[-1][1] == len(text) or _CLOSING.match(text, objects[-1][1])):
        return objects
    return [(0, len(text))]


def _objects(text: str, start: int) -> Iterator[tuple[int, int]]:
    depth = 0
    for token in _TOKEN.finditer(text, start):
        mark = text[token.start()]
        if mark in "{[":
            depth += 1
        elif mark != '"':
            depth -= 1
            if depth == 0:
                yield start, token.end()
                between = _BETWEEN.match(text, token.end())
                if between is None:
                    return
                start = between.end()
    if depth > 0:
        yield start, len(text)
