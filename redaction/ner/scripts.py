"""Ranges of Unicode for character classes, of scripts that Python's `re` has no class for."""

from __future__ import annotations

import re

MARKS = "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0971-\u0dff"
"""Combining marks, and the blocks of India's scripts with the marks in them: they are part of the word around them."""

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Scripts without spaces between words, and Korean, which appends particles to names."""

_UNSPACED = re.compile(f"[{UNSPACED}]")
_MARK = re.compile(f"[{MARKS}]")


def is_letter(character: str) -> bool:
    """Whether a character is part of a word: a letter, a digit or a combining mark."""
    return character.isalnum() or (not character.isascii() and _MARK.match(character) is not None)


def is_joined(character: str) -> bool:
    """Whether a character is part of the same word as the letter next to it."""
    return is_letter(character) and (character.isascii() or _UNSPACED.match(character) is None)
