"""Builds the model's input from a record: its strings, one a line, without ids, times, numbers and hits of rules.

Agents' texts are mostly syntax and identifiers. Without them the model is faster and finds fewer false names.
The place of every character that stays is known.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from redaction.ner.model import Entity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MASK = "#"
"""Replaces what is left out, so that the model sees that something is there."""

# No part begins inside a word, so at most places of prose one test is enough. Only kinds that are not masked are named
# groups. Runs are possessive where the next item cannot match inside of them.
_PART = re.compile(
    r"""
    \b(?=\w)(?:
      (?P<pair>[a-z_][a-z0-9_]*+=)
    | (?<!\.)[a-z_][\w.]*+(?=\()                                                # a call
    | [a-z][a-z0-9+.-]{1,15}+://[^\s"'<>)\]]+                                   # a link
    | (?<![/.@-])(?:[\w.@-]{1,128}+/){2,}[\w.@-]*                               # a path
    | [A-Za-z]:\\[^\s"']+
    | \d{4}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b
    | \d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\b
    | (?P<name>(?=(?:[^\W\d_]++|[$.:-]){0,64}+[\d_]
            |[^\W\d_]++[.:]+\w|[A-Za-z]*(?:[a-z][A-Z]|[A-Z]{2}[a-z])|\w++\(\)|\w{65})
        [\w$]+(?:[.:_-]+[\w$]+)*\b(?:\(\))?)
    | \d+\.\d+\b                                                                # an amount
    )
  | (?=[^\w ]|_|\ [ \t])(?:
      <[A-Z][A-Z0-9_]{2,40}(?::[*0-9A-Za-z]{4,16})?>                              # a placeholder
    | (?P<key>(?=["'\\])\\*["'][A-Za-z_][\w-]{0,40}\\*["']\s*:(?!//))
    | `[^`\n]{1,200}`                                                             # code
    | (?=[~./@-])(?<![\w/.@-])(?:~|\.{1,2})?/?(?:[\w.@-]{1,128}+/){2,}[\w.@-]*
    | /(?<![\w/]/)[\w.@-]+(?:/[\w.@-]+)?                                          # a path from the root
    | -(?<!\w-)-?[a-z][\w-]{2,}=?                                                 # an option
    | [$€£]\s?\d[\d.,]*
    | -\b\d+\.\d+\b
    | (?P<syntax>[{}\[\]|\\"*~^=_<>]+)
    | (?P<space>[ \t]{2,})
    )
    """,
    re.VERBOSE,
)
_LETTERS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
HANDLE = re.compile(r"[a-z]{2,}(?:[._-][a-z]{2,})+[._-]?\d{0,6}", re.IGNORECASE)
"""Words joined by dots, dashes or underscores, with or without a number: the handle of a person or of a thing."""
_HEX = re.compile(r"(?=.*\d)[0-9a-f]{12,}", re.IGNORECASE)
_NAME_HUMPS = re.compile(
    r"(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|O|D|Fitz|St|Al|El|Ben|Ha|Mb|Da|Lo|Ver|Vander)[A-Z][a-zà-ÿ]+"
)
_SENTENCE_END = re.compile(r"\n+|(?<=[.!?;:])[)\"'*]*\s+(?=[^\sa-z])")
_LONG_NUMBER = 6
_LONG_TOKEN = 64
_LONG_CODE = 5  # shorter ones are house numbers and grades ("12B", "3rd")


class Anchor(NamedTuple):
    """`length` characters of the view from `view_start` on are those of leaf `leaf` from `leaf_start` on."""

    view_start: int
    leaf: int
    leaf_start: int
    length: int


class View:
    """The text for the model, built leaf by leaf; `anchors` map its stretches to the leaves.

    With `keys`, keys of pairs in a text stay in it, as the headings of leaves do.
    """

    def __init__(self, *, keys: bool = False) -> None:
        self._keys = keys
        self._parts: list[str] = []
        self.anchors: list[Anchor] = []
        self._starts: list[int] = []
        self._length = 0
        self._last = "\n"

    @property
    def text(self) -> str:
        """All of the view."""
        return "".join(self._parts)

    def add_leaf(self, index: int, text: str, masked: Sequence[tuple[int, int]], heading: str = "") -> None:
        """Add a line with the text of leaf `index` without the stretches in `masked` (in order, without overlap).

        `heading` goes before it; entities in a heading do not count.
        """
        if heading:
            self._add_constant(f"{heading}: ")
        position = 0
        for start, end in masked:
            self._add_text(index, text, position, start)
            self._add_constant(MASK)
            position = end
        self._add_text(index, text, position, len(text))
        self._add_constant("\n")

    def pieces(self, longest: int) -> list[tuple[int, str]]:
        """Cut the view into groups of sentences of up to `longest` characters, each with its start; drop blank ones."""
        text = self.text
        groups: list[tuple[int, int]] = []
        for start, end in _sentences(text, longest):
            if groups and end - groups[-1][0] <= longest:
                groups[-1] = (groups[-1][0], end)
            else:
                groups.append((start, end))
        return [(start, text[start:end]) for start, end in groups if any(map(str.isalpha, text[start:end]))]

    def back(self, entity: Entity, piece_start: int) -> tuple[int, Entity] | None:
        """Return the leaf of an entity of a piece, and its place there; None when no character of it is from a leaf."""
        start, end = entity.start + piece_start, entity.end + piece_start
        index = max(bisect_right(self._starts, start) - 1, 0)
        first: Anchor | None = None
        last: Anchor | None = None
        while index < len(self.anchors) and self.anchors[index].view_start < end:
            anchor = self.anchors[index]
            if anchor.view_start + anchor.length > start and (first is None or anchor.leaf == first.leaf):
                first, last = first or anchor, anchor
            index += 1
        if first is None or last is None:
            return None
        begin = first.leaf_start + max(0, start - first.view_start)
        finish = last.leaf_start + min(last.length, end - last.view_start)
        return first.leaf, Entity(begin, finish, entity.label, entity.score)

    def _add_text(self, leaf: int, text: str, start: int, end: int) -> None:
        position = start
        for part in _PART.finditer(text, start, end):
            self._add(leaf, text, position, part.start())
            position = part.end()
            kind = part.lastgroup
            if kind == "name" and not is_identifier(part.group()):
                self._add(leaf, text, part.start(), part.end())
            elif kind == "space":
                self._add_constant(" ")
            elif kind in {"key", "pair"}:
                self._add_constant("\n")
                if self._keys:
                    self._add_constant(f"{' '.join(_LETTERS.findall(part.group()))}: ")
            elif kind == "syntax":
                self._add_constant("\n" if "{" in part.group() or "}" in part.group() else " ")
            else:
                self._add_constant(MASK)
        self._add(leaf, text, position, end)

    def _add(self, leaf: int, text: str, start: int, end: int) -> None:
        if end <= start:
            return
        part = text[start:end]
        self._parts.append(part if part.isascii() else part.encode("utf-8", "replace").decode())
        self.anchors.append(Anchor(self._length, leaf, start, end - start))
        self._starts.append(self._length)
        self._length += end - start
        self._last = text[end - 1]

    def _add_constant(self, character: str) -> None:
        """Add characters that are from no leaf; spaces and masks are not repeated."""
        if self._last == character or (character == " " and self._last == "\n"):
            return
        self._parts.append(character)
        self._length += len(character)
        self._last = character[-1]


def _sentences(text: str, longest: int) -> Iterator[tuple[int, int]]:
    start = 0
    for mark in _SENTENCE_END.finditer(text):
        yield from _windows(text, start, mark.start(), longest)
        start = mark.end()
    yield from _windows(text, start, len(text), longest)


def _windows(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    """Cut a sentence that is too long, at white space if possible; windows do not overlap."""
    while end - start > longest:
        cut = text.rfind(" ", start + longest // 2, start + longest)
        cut = cut if cut > start else start + longest
        yield start, cut
        start = cut
    if end > start:
        yield start, end


def is_identifier(token: str) -> bool:
    """Whether a token is an identifier of a program or system (an id, a variable, a version), never a name."""
    if token.isalpha():
        return _is_camel(token)
    if token.isdecimal():
        return len(token) >= _LONG_NUMBER
    if token.endswith("()") or "::" in token or len(token) > _LONG_TOKEN or _HEX.fullmatch(token):
        return True
    digits = any(map(str.isdecimal, token))
    if HANDLE.fullmatch(token):
        return not digits and ("_" in token or "." in token)  # code; "mia_li_3668" may be a person
    letters = any(map(str.isalpha, token))
    # An address in Chinese or Japanese is one token with a number in it.
    return "_" in token or (digits and letters and len(token) >= _LONG_CODE and token.isascii())


def _is_camel(token: str) -> bool:
    if token.islower() or token.istitle() or token.isupper() or not token.isascii():
        return False
    humps = sum(map(str.isupper, token[1:]))
    return humps >= 1 and any(map(str.islower, token)) and _NAME_HUMPS.fullmatch(token) is None
