"""Cuts text into words for the tagger, and each word into hashed features, rows of one table."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from redaction.ner.scripts import MARKS, UNSPACED

if TYPE_CHECKING:
    from redaction.tagger.lexicon import Lexicon

# In scripts without spaces between words, each character is a word.
WORD = re.compile(
    rf"[A-Za-z]+(?![^\W\d_]|[{MARKS}])|[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W\d_]|[{MARKS}])+|\d+|\n|[^\w\s]|_"
)

PAD = "\n"
"""The word before and after a text, so that its start looks like the start of a line."""


class Block(NamedTuple):
    """The rows of the table for one kind of feature."""

    first: int
    rows: int

    def row(self, value: str) -> int:
        """Return the row of a value."""
        return self.first + crc32(value.encode()) % self.rows


class Features(NamedTuple):
    """Rows of the table that add up to a word; the last `grams` have a weight of grams ** -0.5 each, the others 1."""

    rows: list[int]
    grams: int


_IDENTITY = Block(0, 1 << 14)
_GRAM = Block(1 << 14, 1 << 14)
_PREFIX = Block(1 << 15, 1 << 12)
_SUFFIX = Block((1 << 15) + (1 << 12), 1 << 12)
_SHAPE = Block((1 << 15) + (1 << 13), 1 << 9)
_LEXICON = Block((1 << 15) + (1 << 13) + (1 << 9), 1 << 11)
ROWS = _LEXICON.first + _LEXICON.rows

_GRAM_SIZE = 3
_MOST_GRAMS = 16
_KEPT_DIGITS = 2
_LONGEST_SHAPE = 6


def folded(word: str) -> str:
    """Fold a word to the form in word lists: lower case, without combining marks."""
    if word.isascii():
        return word.lower()
    return "".join(
        character for character in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(character)
    )


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    return unicodedata.name(character, "?").split(" ")[0]


def _shape(word: str) -> str:
    """Describe letters by case, length and script, digits by their number: "Mia" is "Xx3"; "42nd" is two words."""
    if word.isdecimal():
        year = len(word) == 4 and word[:2] in {"19", "20"}  # noqa: PLR2004 - digits of a year
        return f"{min(len(word), _LONGEST_SHAPE)}d{'y' if year else ''}{'0' if word[0] == '0' else ''}"
    if not word[0].isalpha():
        return word[:1]
    runs: list[str] = []
    for character in word:
        kind = "X" if character.isupper() else "x"
        if len(runs) < _LONGEST_SHAPE and (not runs or runs[-1] != kind):
            runs.append(kind)
    script = "" if word.isascii() else _script(word[0])
    return f"{''.join(runs)}{min(len(word), 12)}{script}"


def _case(word: str) -> int:
    if word.islower():
        return 0
    if word.isupper():
        return 1 if len(word) > 1 else 2
    return 2 if word[0].isupper() else 3


def features(word: str, lexicon: Lexicon, *, blind: bool = False) -> Features:
    """Return the rows of the table for a word.

    `blind` hides the lexicon's flags of names and places. The tagger is trained with and without them, so that it also
    learns to recognise names that are on no list.
    """
    form = folded(word) or "?"
    code = lexicon.code(form)
    rows = [
        _SHAPE.row(_shape(word)),
        _LEXICON.first + (lexicon.without_names(code) if blind else code) * 4 + _case(word),
    ]
    if not word[0].isalpha():
        rows.append(_IDENTITY.row(form if len(form) <= _KEPT_DIGITS else "0" * min(len(form), 8)))
        return Features(rows, 0)
    rows += [_PREFIX.row(form[:3]), _SUFFIX.row(form[-3:]), _SUFFIX.row(f"{form[-2:]}$")]
    if lexicon.is_known(code):
        rows.append(_IDENTITY.row(form))
    grams = _grams(form) if len(form) > 1 else []
    rows += grams
    return Features(rows, len(grams))


def _grams(form: str) -> list[int]:
    """Return the rows of the first triples of letters; an ASCII word is encoded once for all of them."""
    places = range(min(len(form), _MOST_GRAMS))
    if form.isascii():
        marked = b"^%b$" % form.encode()
        return [_GRAM.first + crc32(marked[place : place + _GRAM_SIZE]) % _GRAM.rows for place in places]
    text = f"^{form}$"
    return [_GRAM.row(text[place : place + _GRAM_SIZE]) for place in places]
