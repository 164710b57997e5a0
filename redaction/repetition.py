"""Finds names again: what is surely a name at one place of a text is one at every other, whatever stands around it."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from redaction.anonymizer.splice import Splice, place
from redaction.covered import Covered
from redaction.leaves.json_text import leaves, unescape
from redaction.ner.not_names import PRODUCTS, is_not_a_person
from redaction.ner.view import is_identifier
from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from redaction.leaves.json_text import Leaf
    from redaction.text import Finding

_SURE = 0.8
_SHORTEST = 4
_MOST_NAMES = 200
"""Names of one text that are searched for again; of more, the longest."""
_MOST_COMPARED = 1000
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
    taken = _taken(found)
    short = short_names(sure, everything, covered)
    names = _not_words(_uncovered(distinctive_names(sure), everything, covered), everything, covered)
    return [
        *_whole_leaves(members, short, namesakes(members, found), taken),
        *_places_in_leaves(members, names[:_MOST_NAMES], taken),
    ]


def _taken(found: Sequence[tuple[Leaf, Hit]]) -> dict[int, Covered]:
    """Return by leaf (its id) the stretches that hits cover."""
    stretches: dict[int, list[tuple[int, int]]] = {}
    for leaf, hit in found:
        stretches.setdefault(id(leaf), []).append((hit.start, hit.end))
    return {leaf: Covered(inside) for leaf, inside in stretches.items()}


def short_names(sure: Iterable[tuple[str, str]], text: str, covered: str) -> set[str]:
    """Return the names that are too short to be searched for, but count where they are the whole of a leaf."""
    short = sorted({name for entity, name in sure if entity == "PERSON" and _is_short(name)})
    return {name for name in short[:_MOST_COMPARED] if not _is_word(name, text, covered)}


def _whole_leaves(
    members: Sequence[Leaf], short: set[str], namesakes: set[int], taken: Mapping[int, Covered]
) -> list[tuple[Leaf, Hit]]:
    """Find leaves without any hit that are a short name, or a name among the keys of an object."""
    return [
        (leaf, Hit(0, len(leaf.text), "PERSON", _NAME, _SCORE))
        for leaf in (members if short or namesakes else ())
        if (leaf.text in short or id(leaf) in namesakes) and id(leaf) not in taken
    ]


def _places_in_leaves(
    members: Sequence[Leaf], names: Sequence[str], taken: Mapping[int, Covered]
) -> list[tuple[Leaf, Hit]]:
    """Find the places of names in leaves that no hit covers."""
    return [
        (leaf, hit)
        for leaf in (members if names else ())
        for hit in _hits(leaf, names)
        if not (id(leaf) in taken and taken[id(leaf)].touches(hit.start, hit.end))
    ]


def namesakes(members: Sequence[Leaf], found: Sequence[tuple[Leaf, Hit]]) -> set[int]:
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
    """Finds the names of a text in its parts. Their leaves are not kept, so most parts are searched as raw text.

    `splices` are in order and apart. `hidden`: some part is opaque, with text behind escapes or encodings.
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
        distinctive = distinctive_names(names)
        uncovered = set(_uncovered(distinctive, text, covered))
        # A name that stands nowhere in sight may still be hidden.
        candidates = [name for name in distinctive if hidden or name in uncovered]
        not_words = _not_words(candidates, text, covered, raw=True)
        self._names = sorted(not_words, key=lambda name: name not in uncovered)[:_MOST_NAMES]
        self._seen = sorted(
            start
            for name in self._names
            if name in uncovered
            for start in _places(name, text, raw=True)
            if self._is_free(start, start + len(name))
        )

    def find(self, text: str, start: int, path: tuple[str, ...], *, opaque: bool) -> list[Splice]:
        """Find the names in a part that starts at `start`."""
        if not (self._names and (opaque or self._is_seen(start, start + len(text)))):
            return []
        placed = (place(leaf, hit) for leaf in leaves(text, path) for hit in _hits(leaf, self._names))
        moved = [splice.moved(start) for splice in placed]
        return [splice for splice in moved if self._is_free(splice.finding.start, splice.finding.end)]

    def _is_seen(self, start: int, end: int) -> bool:
        """Whether a name stands between two places of the text that no splice covers."""
        return bisect_left(self._seen, start) < bisect_left(self._seen, end)

    def _is_free(self, start: int, end: int) -> bool:
        before = bisect_left(self._starts, end) - 1
        return before < 0 or self._ends[before] <= start


def is_opaque(text: str, members: Iterable[Leaf]) -> bool:
    """Whether some leaf cannot be seen in its text, because it is escaped or encoded there."""
    flat = _SPACE.sub(" ", text)
    position = 0  # leaves are in the order of the text, so each is searched for behind the last one only
    for leaf in members:
        shown = _SPACE.sub(" ", leaf.text)
        start = flat.find(shown, position)
        if start < 0:
            return True
        position = start + max(len(shown) - 1, 0)  # a space may be the last of one and the first of the next
    return False


def _hits(leaf: Leaf, names: Iterable[str]) -> list[Hit]:
    if leaf.is_number:
        return []
    return [
        Hit(start, start + len(name), "USERNAME" if _HANDLE.fullmatch(name) else "PERSON", _NAME, _SCORE)
        for name in names
        for start in _places(name, leaf.text)
        if not is_not_a_person(leaf.text, start, start + len(name))
    ]


def _is_sure(found: Hit | Finding) -> bool:
    return found.entity in {"PERSON", "USERNAME"} and found.score >= _SURE


def distinctive_names(names: Iterable[tuple[str, str]]) -> list[str]:
    """Return the handles, and the names and words of names that are distinctive; longest first."""
    handles = {name for entity, name in names if entity == "USERNAME" and _HANDLE.fullmatch(name)}
    people = {word for entity, name in names if entity == "PERSON" for word in (name, *name.split())}
    distinctive = handles | {word for word in people if _is_distinctive(word)}
    return sorted(distinctive, key=lambda name: (-len(name), name))[:_MOST_COMPARED]


def _uncovered(names: Iterable[str], text: str, covered: str) -> list[str]:
    """Return the names that occur in a text more often than in its `covered` stretches: most do not."""
    return [name for name in names if text.count(name) > covered.count(name)]


def _not_words(names: Iterable[str], text: str, covered: str, *, raw: bool = False) -> list[str]:
    """Return the names that are not also words of the text."""
    return [name for name in names if not _is_word(name, text, covered, raw=raw)]


def _places(name: str, text: str, *, raw: bool = False) -> Iterator[int]:
    """Yield where a name stands in a text, no letter, digit, "_" or "-" next to it; a `raw` text has escapes."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before = text[start - 1 : start]
        if raw and before == "\\":
            joined = name[0] in _ESCAPES
        else:
            joined = _is_of_word(before) and not (raw and before in _ESCAPES and text[start - 2 : start - 1] == "\\")
        if not (joined or _is_of_word(text[end : end + 1])):
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


def _is_short(name: str) -> bool:
    """Whether a name is too short to be searched for inside of leaves, but counts as the whole of one: a key."""
    return 1 < len(name) < _SHORTEST and name.isalpha() and name.istitle() and name.lower() not in PRODUCTS


def _is_distinctive(name: str) -> bool:
    """Whether a name is unlikely to be an ordinary word elsewhere: capitalised as names are, not short, no code."""
    if name.lower() in PRODUCTS:
        return False
    return len(name) >= _SHORTEST and name[0].isupper() and not name.isupper() and not is_identifier(name)
