"""The elements of a text that is a JSON array of objects: agents send their history again, each time longer."""

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
    """Find where the elements start and end; one stretch, the whole text, when it is no array of several objects.

    What lies between them is brackets, commas and space. The last one may be cut.
    """
    opening = _OPENING.match(text)
    found = list(_objects(text, opening.end())) if opening else []
    if len(found) > 1 and (found[-1][1] == len(text) or _CLOSING.match(text, found[-1][1])):
        return found
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
