"""Decodes percent-encoding, base64 and hexadecimal digits, and keeps the place of each decoded character."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from redaction.covered import Covered

if TYPE_CHECKING:
    from collections.abc import Iterator

# Matches from the start of a run only: trying every later start of a run without escapes would take quadratic time.
_PERCENT_RUN = re.compile(r"""(?<![^\s"'<>{}\[\]\\|^`%])[^\s"'<>{}\[\]\\|^`%]*+%[0-9A-Fa-f]{2}[^\s"'<>{}\[\]\\|^`]*+""")
_USER_INFO = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/@:?#]{0,128}:[^\s/@?#]{1,256}@")
"""A user and a password in an address; the rule for them takes both as they are written."""
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+|\+")
_PARAMETER = re.compile(r"(?:(?<=[?&;#])|^)(?P<key>[\w.\-\[\]]{1,64})=(?P<value>[^&;#]*)")
# A token after "Basic" is a secret whatever it decodes to; the rule for authorization finds it.
_BASE64 = re.compile(
    r"(?<![\w.+/=-])(?<![Bb]asic )"
    r"(?:(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]{2,76}|[A-Za-z0-9+/_-]{16,})={0,2}(?![\w.+/=-])"
)
"""One run, or lines as in e-mail. Hexadecimal digits match too."""
_HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2}){12,})")
_GLIMPSE = 64
_REACH = 64
_AUTHORIZATION = re.compile(
    r"""(?i:authori[sz]ation)[\\"'\]]{0,4}\s{0,2}[:=,]\s{0,2}[\\"']{0,4}(?:[A-Za-z-]{1,20}\s{1,2})?\Z"""
)
"""Before credentials, which are a secret whatever they decode to."""
_LONGEST_CHARACTER = 4  # bytes of UTF-8
_TEXT = re.compile(r"[^\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]*")


class Stretch(NamedTuple):
    """Characters `start` to `end` of a text, decoded to `text` under `key`.

    `origin[i]` is the place of character i, with one more for the end; None if only all of it can be replaced.
    """

    start: int
    end: int
    text: str
    key: str = ""
    origin: tuple[int, ...] | None = None


def stretches(text: str) -> list[Stretch]:
    """Return the encoded stretches of a text, in order and without overlap."""
    encoded = list(_percent(text)) if "%" in text else []
    if len(text) >= 16:  # noqa: PLR2004 - the shortest base64 that is decoded
        taken = Covered((one.start, one.end) for one in encoded)
        encoded += [one for one in _tokens(text) if not taken.touches(one.start, one.end)]
    return sorted(encoded, key=lambda stretch: stretch.start)


def _percent(text: str) -> Iterator[Stretch]:
    for run in _PERCENT_RUN.finditer(text):
        query = "?" in run.group() or "=" in run.group()
        user = _USER_INFO.match(run.group())
        position = run.start() + (user.end() if user else 0)
        for parameter in _PARAMETER.finditer(run.group()) if query else ():
            start, end = (run.start() + index for index in parameter.span("value"))
            if end <= position:  # inside a password
                continue
            start = max(start, position)
            if start > position:
                yield from _decoded(text, position, start, "", plus=False)
            if end > start:
                yield from _decoded(text, start, end, parameter["key"], plus=True)
            position = end
        if run.end() > position:
            yield from _decoded(text, position, run.end(), "", plus=False)


def _decoded(text: str, start: int, end: int, key: str, *, plus: bool) -> Iterator[Stretch]:
    characters: list[str] = []
    origin: list[int] = []
    position = start
    for escape in _PERCENT.finditer(text, start, end):
        if escape.group() == "+" and not plus:
            continue
        characters.append(text[position : escape.start()])
        origin.extend(range(position, escape.start()))
        position = escape.end()
        if escape.group() == "+":
            decoded = " "
        else:
            decoded = bytes.fromhex(escape.group().replace("%", "")).decode("utf-8", "replace")
        place = escape.start()
        for character in decoded:
            characters.append(character)
            origin.append(min(place, escape.end() - 1))
            place += 3 * len(character.encode("utf-8", "replace"))
    characters.append(text[position:end])
    origin.extend(range(position, end + 1))
    yield Stretch(start, end, "".join(characters), key, tuple(origin))


def _tokens(text: str) -> Iterator[Stretch]:
    for token in _BASE64.finditer(text):
        if _AUTHORIZATION.search(text, max(0, token.start() - _REACH), token.start()):
            continue
        decoded = _hidden(token.group())
        if decoded:
            yield Stretch(token.start(), token.end(), decoded)


def _hidden(token: str) -> str:
    """Decode a token to its text; "" if it does not decode to text: an id, a key, a picture."""
    digits = _HEX.fullmatch(token)
    if digits is not None:
        return _text(bytes.fromhex(digits[1]))
    plain = "".join(token.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        return ""
    try:
        base64.b64decode(plain[:_GLIMPSE], validate=True).decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < _GLIMPSE * 3 // 4 - _LONGEST_CHARACTER:
            return ""
    except binascii.Error:
        if len(plain) > _GLIMPSE:
            return ""
    try:
        return _text(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except binascii.Error:
        return ""


def _text(raw: bytes) -> str:
    wide = len(raw) % 2 == 0 and raw[1::2].count(0) > len(raw) // 4  # UTF-16, mostly of ASCII
    try:
        decoded = raw.decode("utf-16-le" if wide else "utf-8")
    except UnicodeDecodeError:
        return ""
    return decoded if _TEXT.fullmatch(decoded) else ""
