"""Finds any number of kinds of secrets in one pass: all their literal prefixes are searched for together."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from redaction.recognizers.base import Search, TextRecognizer
from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RUN = re.compile(r"[^\s\"'<>,;(){}\[\]]{12,}")
# A token may begin after anything but a letter or digit; after the escape of a line break in text that is not decoded.
_START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"


class Kind(NamedTuple):
    """A kind of secret and its form.

    `beginnings` are literals, separated by spaces; `rest` is the pattern that follows each of them.
    """

    name: str
    beginnings: str
    rest: str
    entity: str = "API_KEY"


class _Begun(NamedTuple):
    """The pattern after one beginning; `is_open`: it has no longest match."""

    length: int
    entity: str
    rest: re.Pattern[str]
    is_open: bool


class LiteralRecognizer(TextRecognizer):
    """Finds secrets that begin with a literal of their own, in time nearly independent of the number of kinds.

    All beginnings are searched for together; then only the patterns of the matching beginning are tried.
    """

    def __init__(self, name: str, kinds: Sequence[Kind], score: float) -> None:
        super().__init__(name, [kind.entity for kind in kinds])
        self._score = score
        by_beginning: defaultdict[str, list[_Begun]] = defaultdict(list)
        for kind in kinds:
            rest = re.compile(kind.rest)
            for beginning in kind.beginnings.split():
                by_beginning[beginning].append(_Begun(len(beginning), kind.entity, rest, rest.pattern.endswith(",}")))
        longest_first = sorted(by_beginning, key=lambda beginning: (-len(beginning), beginning))
        # At "sk-ant-", the kinds that begin with "sk-" are tried too.
        self._kinds = {
            found: [kind for shorter in longest_first if found.startswith(shorter) for kind in by_beginning[shorter]]
            for found in longest_first
        }
        self._beginnings = re.compile(f"{_START}({'|'.join(map(re.escape, longest_first))})")

    def searches(self) -> list[Search]:
        """Return one search for all kinds; its hits may overlap."""
        return [Search(self._beginnings, self._secrets)]

    def _secrets(self, text: str, key_words: str) -> Iterator[Hit]:
        del key_words  # the prefix is proof enough
        for run in _RUN.finditer(text):
            ends: dict[re.Pattern[str], int] = {}  # of open patterns: a match that begins inside another ends with it
            for begun in self._beginnings.finditer(text, run.start(), run.end()):
                for length, entity, rest, is_open in self._kinds[begun[1]]:
                    if begun.start() + length < ends.get(rest, 0):
                        continue
                    match = rest.match(text, begun.start() + length)
                    if match is not None:
                        yield Hit(begun.start(), match.end(), entity, self.name, self._score)
                        if is_open:
                            ends[rest] = match.end()
