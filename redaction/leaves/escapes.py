"""Decodes HTML entities, Unicode escapes, quoted-printable, invisible and wide characters, as a reader sees them."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

_INVISIBLE = r"\u00a0\u00ad\u2007\u2009\u200b\u202f\u2060\ufeff"
_WIDE = r"\uff0b\uff0d\uff0e\uff10-\uff19\uff20-\uff3a\uff3f\uff41-\uff5a"
"""Wide digits, letters and marks of e-mail addresses; other wide marks are part of Chinese and Japanese text."""
_ESCAPE = re.compile(
    r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z][A-Za-z0-9]{1,9});"
    r"|(?<!\\)\\++u(?:[dD][89abAB][0-9a-fA-F]{2}\\++u[dD][c-fC-F][0-9a-fA-F]{2}|[0-9a-fA-F]{4})"
    rf"|[{_INVISIBLE}{_WIDE}]"
)
_MAIL_ESCAPE = re.compile(rf"=\r?\n|=[C-F][0-9A-F](?:=[89AB][0-9A-F])+|=[2-7][0-9A-F]|{_ESCAPE.pattern}")
_OF_MAIL = re.compile(r"=[C-F][0-9A-F]=[89AB][0-9A-F]")
"""A letter beyond ASCII in quoted-printable; a text without one is code ("x=20")."""
_UNIT = re.compile(r"u([0-9a-fA-F]{4})")
_SEEN = {
    **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
}


def seen(text: str) -> tuple[str, list[int]] | None:
    """Return the decoded text and the place of each of its characters, with one more for the end.

    None if there is nothing to decode. One level is decoded: a text that is escaped twice is then escaped once.
    """
    pattern = _MAIL_ESCAPE if "=" in text and _OF_MAIL.search(text) else _ESCAPE
    if pattern is _ESCAPE and "&" not in text and "\\u" not in text and text.isascii():
        return None
    characters: list[str] = []
    origin: list[int] = []
    position = 0
    for escape in pattern.finditer(text):
        start, end = escape.span()
        shown = _shown(escape.group())
        if shown != escape.group():
            characters += text[position:start], shown
            origin += [*range(position, start), *[start] * len(shown)]
            position = end
    if not position:
        return None
    characters.append(text[position:])
    origin += range(position, len(text) + 1)
    return "".join(characters), origin


def _shown(escape: str) -> str:
    kind = escape[0]
    if kind == "&":
        return unescape(escape) if escape[1] == "#" else html5.get(escape[1:], escape)
    if kind == "=":
        return bytes.fromhex(escape.replace("=", "")).decode("utf-8", "replace") if escape[-1] != "\n" else ""
    if kind == "\\":
        units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in _UNIT.findall(escape))
        return units.decode("utf-16-be", "surrogatepass")
    return _SEEN[escape]
