"""What word lists say of a word: how common it is, and whether it is known as a name or a place."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FREQUENCIES = ("", "rare", "usual", "common")
"""How common a word is in English books: unknown, in the dictionary, among the first 30,000, among the first 5,000."""

FLAGS = {"given": 4, "surname": 8, "city": 16, "place": 32, "street": 64}
"""Bits of a word's code, above the two of its frequency; "street" is kinds of street and other words of addresses."""

CODES = 128


class Lexicon:
    """Codes of words in their folded form (words.folded)."""

    def __init__(self, codes: Mapping[str, int]) -> None:
        self._codes = codes

    def __len__(self) -> int:
        return len(self._codes)

    def code(self, form: str) -> int:
        """Return the code of a folded word, 0 when no list holds it."""
        return self._codes.get(form, 0)

    @staticmethod
    def is_known(code: int) -> bool:
        """Whether a word is common enough to be known by itself, beyond its letters and flags."""
        return code & 3 > 1 or code & FLAGS["street"] > 0

    @staticmethod
    def is_plain(code: int) -> bool:
        """Whether a word is an ordinary one that no list knows as a name or a place."""
        return code & 3 > 1 and code < FLAGS["given"]

    @staticmethod
    def is_ordinary(code: int) -> bool:
        """Whether a word is an ordinary one, be it one that addresses are made of."""
        return code & (FLAGS["given"] | FLAGS["surname"] | FLAGS["city"] | FLAGS["place"]) == 0 and code > 0

    @staticmethod
    def is_named(code: int) -> bool:
        """Whether a list holds a word as a name or as a place."""
        return code & (FLAGS["given"] | FLAGS["surname"] | FLAGS["city"] | FLAGS["place"]) > 0

    @staticmethod
    def is_name(code: int) -> bool:
        """Whether a list holds a word as a name, and it is none of the most common words."""
        return code & (FLAGS["given"] | FLAGS["surname"]) > 0 and (
            code & 3 < len(FREQUENCIES) - 1 or code & FLAGS["given"] > 0
        )

    @staticmethod
    def without_names(code: int) -> int:
        """Return the code of a word as if the lists of names and places did not hold it."""
        return code & (3 | FLAGS["street"])

    def to_bytes(self) -> bytes:
        """Write the lexicon as gzip of lines: a code and its words; the same codes give the same bytes."""
        by_code: dict[int, list[str]] = {}
        for form, code in self._codes.items():
            by_code.setdefault(code, []).append(form)
        lines = [f"{code} {' '.join(sorted(forms))}\n" for code, forms in sorted(by_code.items())]
        return gzip.compress("".join(lines).encode(), 9, mtime=0)

    @classmethod
    def from_bytes(cls, content: bytes) -> Lexicon:
        """Read what `to_bytes` wrote."""
        codes: dict[str, int] = {}
        for line in gzip.decompress(content).decode().splitlines():
            code, *forms = line.split(" ")
            codes.update(dict.fromkeys(forms, int(code)))
        return cls(codes)
