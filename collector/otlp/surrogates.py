"""Surrogates: half of a UTF-16 pair, which JSON can hold and no text has. Bytes that are no UTF-8 are decoded as some.

`str.decode("utf-8", "surrogateescape")` makes one of each such byte.
"""

from __future__ import annotations

import re
from typing import Final

_SURROGATES: Final = re.compile("[\ud800-\udfff]+")


def has_surrogates(text: str) -> bool:
    """Tell whether a text has surrogates."""
    return not text.isascii() and _SURROGATES.search(text) is not None


def mended_text(text: str) -> str:
    """Replace surrogates by U+FFFD, one for those in a row."""
    return _SURROGATES.sub("\ufffd", text)
