"""Finds the strings and numbers inside JSON, with the place of each of their characters in the raw text.

The scanner is tolerant on purpose: agents' texts contain JSON inside JSON strings, truncated JSON, JSON after a line of
prose, and Python's repr of the same data. Text that is not JSON is a leaf too, so every character of a text, except
syntax and keys, belongs to exactly one leaf. Redaction splices placeholders into the raw text: JSON is never parsed and
written again, so it stays valid and otherwise unchanged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from redaction.leaves.encodings import stretches
from redaction.leaves.escapes import seen

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_NESTING = 6
"""JSON strings inside JSON strings are decoded to this depth; deeper ones are scanned as text with escapes."""

PATH_KEPT = 3
"""Enclosing keys in a path: rules use a key and its parent, and hostile nesting must not make paths long."""

_START = re.compile(
    r"""
      \{\s*["'}] | \[\s*(?:\{|\[|["']) | (?<!\S)"(?=[\[{]|\\)
      # in prose, "[415] 555-0132" is no JSON; a text that is an array of numbers or words is
    | \A\s*\[\s*(?:-?\d[\d.eE+\-]*|true|false|null|True|False|None|NaN)\s*(?:,|\]\s*\Z)
    """,
    re.VERBOSE,
)
_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<mark>[{}\[\]:,])
      | "(?P<double>[^"\\]*+(?:\\.[^"\\]*+)*+)(?P<double_end>"?)
      | '(?P<single>[^'\\]*+(?:\\.[^'\\]*+)*+)(?P<single_end>'?)
      | (?P<number>-?\d[\d.eE+\-]*)
      | (?P<word>true|false|null|True|False|None|NaN|-?Infinity)\b
      | (?P<call>(?:datetime\.)?(?:datetime|date|Decimal|UUID|ObjectId|ISODate|Timestamp)
            \((?:[^()"'{}\[\]]|"[^"\n]*"|'[^'\n]*'){0,80}\))                            # as Python writes values
    )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = {"double_end": "double", "single_end": "single"}
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.)|$)",
    re.DOTALL,
)
PLAIN_KEY = re.compile(r"[A-Za-z_$][\w.$-]{0,63}")
"""A key that is an identifier; any other key may be data, such as an e-mail address, and becomes a leaf too ..."""
_NAMING_KEY = re.compile(r"[A-Z][a-z]{2,30}|(?:dr|mrs|prof)_\w+|[A-Za-z]{2,}(?:[._-][A-Za-z]+){1,3}[._-]?\d{1,6}")
"""... and so does one that may be a person's name ("Alice", "mia_li_3668"): the rest of the text can tell."""
_COLON = re.compile(r"\s*:")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(slots=True)
class Leaf:
    """One string, number or stretch of plain text.

    `places[i]` is the index in the raw text of character i of `text`, and `places[len(text)]` the end of the last one.
    `siblings` are all keys of the object that holds the leaf. Leaves of one record (an element of an array, with the
    objects inside it) share a `group`: they are read together, because a name is context for an address.
    """

    text: str
    path: tuple[str, ...]
    places: Sequence[int]
    group: int
    kind: str = "text"  # "text" outside JSON, "string", "number" or "key" in it, "typed" a number that is no text
    depth: int = 0  # how many JSON strings the leaf lies in
    siblings: set[str] = field(default_factory=set)
    encoded: tuple[int, int] | None = None  # place of the base64 that it was decoded from: replaced only as one
    ordinal: int = 0  # of a key: which one of its object it is, from 1

    @property
    def is_number(self) -> bool:
        """Whether it is written without quotes."""
        return self.kind in {"number", "typed"}

    @property
    def quote(self) -> str:
        """A double quote as it is escaped at this depth, for a placeholder that replaces a bare number."""
        backslashes: int = (1 << self.depth) - 1
        return "\\" * backslashes + '"'


@dataclass(slots=True)
class _Container:
    is_object: bool
    group: int
    path: tuple[str, ...]
    key: str = ""
    expects_key: bool = True
    keys: set[str] = field(default_factory=set)

    @property
    def value_path(self) -> tuple[str, ...]:
        """The path of a value at this place."""
        return (*self.path[-PATH_KEPT:], self.key) if self.is_object else self.path


def typed(number: str, path: tuple[str, ...]) -> list[Leaf]:
    """Return the one leaf of a typed number."""
    return [Leaf(number, path, range(len(number) + 1), 1, "typed")]


def leaves(text: str, path: tuple[str, ...] = ()) -> list[Leaf]:
    """Return all leaves of a text in its order; `path` is the key of the text itself."""
    reader = _Reader()
    reader.read(_Source(text, path, range(len(text) + 1), 0, set()), "text")
    return reader.leaves


@dataclass(frozen=True, slots=True)
class _Source:
    """A text to scan: the raw text, or the content of a JSON string in it."""

    text: str
    path: tuple[str, ...]
    places: Sequence[int]
    depth: int
    siblings: set[str]


class _Reader:
    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self._groups = 0

    def _group(self) -> int:
        self._groups += 1
        return self._groups

    def read(self, source: _Source, kind: str) -> None:
        """Append the leaves of one text: those of the JSON in it, and the plain text between."""
        text = source.text
        done = 0
        position = 0
        while source.depth < MAX_NESTING and (start := _START.search(text, position)):
            before = len(self.leaves)
            end, useful = self._structure(source, start.start())
            inside = self.leaves[before:]
            del self.leaves[before:]
            position = max(end, start.end())
            if not useful:  # it only looked like the beginning of a structure
                continue
            self._plain(source, done, start.start(), kind)
            self.leaves += inside
            done = position = end
        self._plain(source, done, len(text), kind)

    def _plain(self, source: _Source, start: int, end: int, kind: str) -> None:
        if start < end:
            text, places = source.text[start:end], source.places[start : end + 1]
            self._add(Leaf(text, source.path, places, self._group(), kind, source.depth, source.siblings))

    def _add(self, leaf: Leaf) -> None:
        """Add a leaf with its text as a reader sees it; encoded stretches in it become leaves of their own."""
        if leaf.depth < MAX_NESTING and (shown := seen(leaf.text)):
            text, origin = shown
            self._add(replace(leaf, text=text, places=[leaf.places[index] for index in origin], depth=leaf.depth + 1))
            return
        done = 0
        for stretch in stretches(leaf.text):
            self._keep(leaf, done, stretch.start)
            path = (*leaf.path, stretch.key) if stretch.key else leaf.path
            if stretch.origin is None:
                before = len(self.leaves)
                places = [leaf.places[stretch.start]] * len(stretch.text) + [leaf.places[stretch.end]]
                self.read(_Source(stretch.text, path, places, leaf.depth + 1, leaf.siblings), "string")
                for inner in self.leaves[before:]:
                    inner.encoded = (leaf.places[stretch.start], leaf.places[stretch.end])
            else:
                places = [leaf.places[index] for index in stretch.origin]
                decoded = replace(leaf, text=stretch.text, path=path, places=places, depth=leaf.depth + 1)
                if leaf.depth < MAX_NESTING:  # it may be encoded again
                    self._add(decoded)
                else:
                    self.leaves.append(decoded)
            done = stretch.end
        self._keep(leaf, done, len(leaf.text))

    def _keep(self, leaf: Leaf, start: int, end: int) -> None:
        if end - start == len(leaf.text):
            self.leaves.append(leaf)
        elif leaf.text[start:end].strip():
            self.leaves.append(replace(leaf, text=leaf.text[start:end], places=leaf.places[start : end + 1]))

    def _structure(self, source: _Source, start: int) -> tuple[int, bool]:
        """Scan a structure from its opening bracket to its end or to the first token that is no JSON.

        Returns where that is, and whether there was any JSON.
        """
        stack: list[_Container] = []
        position, useful = start, False
        while token := _TOKEN.match(source.text, position):
            mark = token["mark"]
            if mark is None:
                holder = stack[-1] if stack else _Container(is_object=False, group=self._group(), path=source.path)
                if not self._value(source, token, holder):
                    break
                useful = True
            elif mark in "{[":
                stack.append(self._open(stack, source.path, is_object=mark == "{"))
            elif not stack or (mark == ":" and not stack[-1].is_object):
                break
            elif mark in "}]":
                stack.pop()
                useful = True
            else:
                stack[-1].expects_key = mark == ","
            position = token.end()
            if not stack:
                break
        return position, useful

    def _open(self, stack: list[_Container], path: tuple[str, ...], *, is_object: bool) -> _Container:
        if not stack:
            return _Container(is_object, self._group(), path)
        parent = stack[-1]
        inner = (*parent.path[-PATH_KEPT:], parent.key) if parent.is_object else parent.path
        return _Container(is_object, parent.group if parent.is_object else self._group(), inner)

    def _value(self, source: _Source, token: re.Match[str], holder: _Container) -> bool:
        """Take a key, a string, a number or a word; False if the syntax allows none here."""
        name = _QUOTED.get(token.lastgroup or "")
        key_expected = holder.is_object and holder.expects_key
        if name is None:
            if key_expected:
                return False
            if token["call"] is not None:
                start, end = token.span("call")
                self._string(token["call"], holder.value_path, source.places[start : end + 1], source.depth, holder)
            elif token["number"] is not None:
                start, end = token.span("number")
                places, path = source.places[start : end + 1], holder.value_path
                self.leaves.append(
                    Leaf(token["number"], path, places, holder.group, "number", source.depth, holder.keys)
                )
            return True
        start, end = token.span(name)
        places = source.places[start : end + 1]
        text, places = unescape(source.text[start:end], places)
        if not key_expected:
            self._string(text, holder.value_path, places, source.depth + 1, holder)
        elif token[f"{name}_end"] and _COLON.match(source.text, token.end()):
            holder.key = text
            holder.keys.add(text)
            if not PLAIN_KEY.fullmatch(text) or _NAMING_KEY.fullmatch(text):
                number, depth = len(holder.keys), source.depth + 1
                key = Leaf(text, holder.path, places, holder.group, "key", depth, holder.keys, ordinal=number)
                self.leaves.append(key)
        else:  # a truncated key, or a set in Python's repr: ordinary text
            self._string(text, holder.path, places, source.depth + 1, holder)
        return True

    def _string(self, text: str, path: tuple[str, ...], places: Sequence[int], depth: int, holder: _Container) -> None:
        if depth < MAX_NESTING and _START.search(text):
            self.read(_Source(text, path, places, depth, holder.keys), "string")
        elif text:
            self._add(Leaf(text, path, places, holder.group, "string", depth, holder.keys))


def unescape(raw: str, places: Sequence[int]) -> tuple[str, Sequence[int]]:
    """Decode the escapes of a JSON or Python string; the second value is the place of each character."""
    if "\\" not in raw:
        return raw, places
    decoded: list[str] = []
    origin: list[int] = []
    position = 0
    for escape in _ESCAPE.finditer(raw):
        start, end = escape.span()
        decoded.append(raw[position:start])
        origin.extend(places[position:start])
        decoded.append(_character(escape))
        origin.append(places[start])
        position = end
    decoded.append(raw[position:])
    origin.extend(places[position : len(raw) + 1])
    return "".join(decoded), origin


def _character(escape: re.Match[str]) -> str:
    high, low, unit, byte, simple = escape.groups()
    if high is not None:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
    if unit is not None or byte is not None:
        return chr(int(unit or byte, 16))
    if simple is None:
        return "\\"  # a text that is truncated in the middle of an escape
    return _SIMPLE.get(simple, simple)
