"""Finds names again: what was surely a name in one place of a text is one in every other, whatever stands around it."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from redaction.anonymizer.splice import Splice, place
from redaction.covered import Covered
from redaction.leaves.json_text import leaves, unescape
from redaction.ner.not_names import PRODUCTS, is_nobody
from redaction.ner.view import is_identifier
from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from redaction.leaves.json_text import Leaf
    from redaction.text import Finding

_SURE = 0.8
_SHORTEST = 4
_MOST_NAMES = 200
"""Names of one text that are looked for again; of more, the longest."""
_MOST_TOLD = 1000
"""Names of one text that are compared with all of it, the longest."""
_NAME, _SCORE = "RepeatedName", 0.7
_HANDLE = re.compile(r"(?=.*[\d_])[A-Za-z][\w.-]{4,}")
_ESCAPES = frozenset("ntrbf\"'/")
"""Characters that stand for another one after a backslash."""
_SPACE = re.compile(r"(?:\\++[ntrbf\"'/]?|[\s\"'])++")


def repeated(members: Sequence[Leaf], found: Sequence[tuple[Leaf, Hit]]) -> list[tuple[Leaf, Hit]]:
    """Find other places of one text where a name stands that was surely found in it, whole or one word of it."""
    sure = [(hit.entity, leaf.text[hit.start : hit.end]) for leaf, hit in found if _is_sure(hit)]
    if not sure:
        return []
    everything = "\n".join(leaf.text for leaf in members)
    covered = "\n".join(leaf.text[hit.start : hit.end] for leaf, hit in found)
    stretches: dict[int, list[tuple[int, int]]] = {}
    for leaf, hit in found:
        stretches.setdefault(id(leaf), []).append((hit.start, hit.end))
    taken = {leaf: Covered(inside) for leaf, inside in stretches.items()}
    short = sorted({name for entity, name in sure if entity == "PERSON" and _is_brief(name)})
    brief = {name for name in short[:_MOST_TOLD] if not _is_word(name, everything, covered)}
    namesakes = _namesakes(members, found)
    again = [
        (leaf, Hit(0, len(leaf.text), "PERSON", _NAME, _SCORE))
        for leaf in (members if brief or namesakes else ())
        if (leaf.text in brief or id(leaf) in namesakes) and id(leaf) not in taken
    ]
    standing = _unlike_words(_standing(_telling(sure), everything, covered), everything, covered)
    return again + [
        (leaf, hit)
        for leaf in (members if standing else ())
        for hit in _again(leaf, standing[:_MOST_NAMES])
        if not (id(leaf) in taken and taken[id(leaf)].touches(hit.start, hit.end))
    ]


def _namesakes(members: Sequence[Leaf], found: Sequence[tuple[Leaf, Hit]]) -> set[int]:
    """Find the keys of objects that hold something for each of several people: all are capitalised, half are names."""
    named = {
        id(leaf)
        for leaf, hit in found
        if leaf.kind == "key" and hit.entity == "PERSON" and hit[:2] == (0, len(leaf.text))
    }
    objects: dict[int, list[Leaf]] = {}
    for leaf in members if len(named) > 1 else ():
        if leaf.kind == "key":
            objects.setdefault(id(leaf.siblings), []).append(leaf)
    return {
        id(leaf)
        for keys in objects.values()
        if all(key.isalpha() and key.istitle() for key in keys[0].siblings)
        and 1 < sum(id(leaf) in named for leaf in keys) >= len(keys) / 2
        for leaf in keys
    }


class Repetition:
    """The same over the parts of a text, whose leaves are not known any more: most are only searched as they are.

    `splices` are in order and apart. `hidden` says that some part is opaque: it hides text behind escapes or encodings.
    """

    def __init__(self, text: str, splices: Sequence[Splice], *, hidden: bool) -> None:
        self._starts = [splice.finding.start for splice in splices]
        self._ends = [splice.finding.end for splice in splices]
        names = set()
        for splice in splices:
            finding = splice.finding
            if _is_sure(finding):
                raw = text[finding.start : finding.end]
                names.add((finding.entity, unescape(raw, range(len(raw) + 1))[0]))
        covered = "\n".join([text[start:end] for start, end in zip(self._starts, self._ends, strict=True)])
        telling = _telling(names)
        standing = set(_standing(telling, text, covered))
        # A name that stands nowhere in sight may still be hidden.
        sought = [name for name in telling if hidden or name in standing]
        unlike = _unlike_words(sought, text, covered, raw=True)
        self._names = sorted(unlike, key=lambda name: name not in standing)[:_MOST_NAMES]
        self._seen = sorted(
            start
            for name in self._names
            if name in standing
            for start in _places(name, text, raw=True)
            if self._is_free(start, start + len(name))
        )

    def find(self, text: str, start: int, path: tuple[str, ...], *, opaque: bool) -> list[Splice]:
        """Find the names in a part that starts at `start`."""
        if not (self._names and (opaque or self._is_seen(start, start + len(text)))):
            return []
        placed = (place(leaf, hit) for leaf in leaves(text, path) for hit in _again(leaf, self._names))
        moved = [splice.moved(start) for splice in placed]
        return [splice for splice in moved if self._is_free(splice.finding.start, splice.finding.end)]

    def _is_seen(self, start: int, end: int) -> bool:
        """Whether a name stands between two places of the text that no splice covers."""
        return bisect_left(self._seen, start) < bisect_left(self._seen, end)

    def _is_free(self, start: int, end: int) -> bool:
        before = bisect_left(self._starts, end) - 1
        return before < 0 or self._ends[before] <= start


def is_opaque(text: str, members: Iterable[Leaf]) -> bool:
    """Whether some leaf of a text cannot be seen in the text itself, because it is escaped or encoded there."""
    flat = _SPACE.sub(" ", text)
    position = 0  # leaves come in the order of the text: none is looked for in all of it
    for leaf in members:
        shown = _SPACE.sub(" ", leaf.text)
        found = flat.find(shown, position)
        if found < 0:
            return True
        position = found + max(len(shown) - 1, 0)  # a space may be the last of one and the first of the next
    return False


def _again(leaf: Leaf, names: Iterable[str]) -> list[Hit]:
    if leaf.is_number:
        return []
    return [
        Hit(start, start + len(name), "USERNAME" if _HANDLE.fullmatch(name) else "PERSON", _NAME, _SCORE)
        for name in names
        for start in _places(name, leaf.text)
        if not is_nobody(leaf.text, start, start + len(name))
    ]


def _is_sure(found: Hit | Finding) -> bool:
    return found.entity in {"PERSON", "USERNAME"} and found.score >= _SURE


def _telling(names: Iterable[tuple[str, str]]) -> list[str]:
    """Return the handles, the names, and the words of names that tell; longest first."""
    handles = {name for entity, name in names if entity == "USERNAME" and _HANDLE.fullmatch(name)}
    people = {word for entity, name in names if entity == "PERSON" for word in (name, *name.split())}
    told = handles | {word for word in people if _is_telling(word)}
    return sorted(told, key=lambda name: (-len(name), name))[:_MOST_TOLD]


def _standing(names: Iterable[str], text: str, covered: str) -> list[str]:
    """Return those of the names that stand in a text more often than in what is `covered` of it: most do not."""
    return [name for name in names if text.count(name) > covered.count(name)]


def _unlike_words(names: Iterable[str], text: str, covered: str, *, raw: bool = False) -> list[str]:
    """Return those of the names that are no words of the text."""
    return [name for name in names if not _is_word(name, text, covered, raw=raw)]


def _places(name: str, text: str, *, raw: bool = False) -> Iterator[int]:
    """Yield where a name stands in a text with no letter, digit, "_" or "-" beside it; a `raw` text has escapes."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before = text[start - 1 : start]
        if raw and before == "\\":
            beside = name[0] in _ESCAPES
        else:
            beside = _is_of_word(before) and not (raw and before in _ESCAPES and text[start - 2 : start - 1] == "\\")
        if not (beside or _is_of_word(text[end : end + 1])):
            yield start
        start = text.find(name, start + 1)


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character in {"_", "-"}


def _is_word(name: str, text: str, covered: str, *, raw: bool = False) -> bool:
    """Whether a single name also stands in lower case where nothing is found: an ordinary word, or a thing's name."""
    lowered = name.lower()
    if not name.isalpha() or text.count(lowered) <= covered.count(lowered):
        return False
    return sum(1 for _ in _places(lowered, text, raw=raw)) > sum(1 for _ in _places(lowered, covered, raw=raw))


def _is_brief(name: str) -> bool:
    """Whether a name is too short to be looked for inside of texts, but counts where it is the whole of one: a key."""
    return 1 < len(name) < _SHORTEST and name.isalpha() and name.istitle() and name.lower() not in PRODUCTS


def _is_telling(name: str) -> bool:
    """Whether a name is unlikely to be an ordinary word elsewhere: capitalised as names are, not short, no code."""
    if name.lower() in PRODUCTS:
        return False
    return len(name) >= _SHORTEST and name[0].isupper() and not name.isupper() and not is_identifier(name)
