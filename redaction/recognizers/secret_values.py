"""Whether a value that stands where a secret may stand is one."""

from __future__ import annotations

import re

_NO_VALUE_TEXT = (
    "none null true false required optional empty unset missing invalid incorrect wrong reset resets changed"
    " string undefined field policy protected manager prompt hash hashed password passwd"
    " pwd secret token key str bytes"
)
_NO_VALUE = frozenset(_NO_VALUE_TEXT.split())

_SHORTEST = 4
_VARIABLE = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+(?:\(.*)?\Z|[a-z_]+\(")  # a computed value: the text is a program
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_value(value: str) -> bool:
    """Whether the text after a word such as "password" is a secret, not the rest of a sentence about secrets."""
    bare = value.strip("\"'`.,;:!?()*")
    if len(bare) < _SHORTEST or bare.startswith(("<", "{", "$")) or _VARIABLE.match(bare):
        return False
    return bare.lower() not in _NO_VALUE


def looks_secret(value: str) -> bool:
    """Whether a value is a secret rather than a word or an address."""
    return (
        is_value(value)
        and not value.startswith(("http://", "https://"))
        and (any(map(str.isdecimal, value)) or not value.isalpha())
    )


def is_random(value: str) -> bool:
    """Whether a value looks random: no words, no path, no UUID (most UUIDs are ids, not secrets)."""
    if _UUID.fullmatch(value) or value.count("/") > 3 or value.count(".") > 3:  # noqa: PLR2004 - base64 has few of them
        return False
    digits = sum(map(str.isdecimal, value))
    mixed = not value.islower() and not value.isupper() and not value.isdecimal()
    letters = any(map(str.isalpha, value))
    return letters and len(set(value)) >= 8 and (digits >= 5 or (mixed and digits > 0))  # noqa: PLR2004 - 20 characters or more
