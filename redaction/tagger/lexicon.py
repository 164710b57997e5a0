"""The lexicon: how common a word is, and whether word lists have it as a name or a place."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FREQUENCIES = ("", "rare", "usual", "common")
"""How common a word is in English books: unknown, in the dictionary, among the first 30,000, among the first 5,000."""

FLAGS = {"given": 4, "surname": 8, "city": 16, "place": 32, "street": 64}
"""Bits of a word's code, above the two of its frequency; "street" marks kinds of streets and words of addresses."""

CODES = 128


class Lexicon:
    """Codes of words in their folded form (words.folded)."""

    def __init__(self, codes: Mapping[str, int]) -> None:
        self._codes = codes

    def __len__(self) -> int:
        return len(self._codes)

    def code(self, form: str) -> int:
        """Return the code of a folded word, 0 if no list has it."""
        return self._codes.get(form, 0)

    @staticmethod
    def is_known(code: int) -> bool:
        """Whether a word is so common that it has a feature of its own, besides its letters and flags."""
        return code & 3 > 1 or code & FLAGS["street"] > 0

    @staticmethod
    def is_plain(code: int) -> bool:
        """Whether a word is common in English and on no list of names, places or words of addresses."""
        return code & 3 > 1 and code < FLAGS["given"]

    @staticmethod
    def is_ordinary(code: int) -> bool:
        """Whether a word is on some list, but on none of names or places; words of addresses count."""
        return code & (FLAGS["given"] | FLAGS["surname"] | FLAGS["city"] | FLAGS["place"]) == 0 and code > 0

    @staticmethod
    def is_named(code: int) -> bool:
        """Whether a word is on a list of names or places."""
        return code & (FLAGS["given"] | FLAGS["surname"] | FLAGS["city"] | FLAGS["place"]) > 0

    @staticmethod
    def is_name(code: int) -> bool:
        """Whether a word is on a list of names; a very common word must be a given name."""
        return code & (FLAGS["given"] | FLAGS["surname"]) > 0 and (
            code & 3 < len(FREQUENCIES) - 1 or code & FLAGS["given"] > 0
        )

    @staticmethod
    def without_names(code: int) -> int:
        """Return the code of a word without its flags of names and places."""
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
