"""From hits to findings: overlaps become one, addresses grow by the numbers beside them, names are found again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.ner_rules import PRODUCTS
from redaction.ner_view import is_identifier
from redaction.recognizers.base import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redaction.json_text import Leaf

_PLACES = frozenset({"ADDRESS", "LOCATION"})
_BETWEEN_PLACES = " ,.\n\r\t"
_NUMBER_BEFORE = re.compile(r"(?<![\w.#$€£/-])(?:\d{1,6}[A-Za-z]?(?:[-/]\d{1,4})?,? ){1,2}\Z")
_POSTCODE_AFTER = re.compile(r"(?:,? |,?[ \t]*\n[ \t>]*|, ?)\d{3,6}(?:[- ]\d{2,4})?(?![\w-]|[.,:/]\d| ?[%$€£])")
_STREET_BEFORE = re.compile(
    r"(?<![\w.#/-])(?:\d{1,6}[A-Za-z]?,? )?(?:[A-ZÀ-ÞĀŁŚŠŽŐÉΑ-ΩА-Я][^\W\d_]*[.'-]?[^\W\d_]*\.? )"
    r"(?:(?:[A-ZÀ-ÞĀŁŚŠŽŐÉΑ-ΩА-Я][^\W\d_]*\.?|de|del|della|di|do|da|dos|des|du|la|le|los|las|van|der|den|el|al) ){0,4}"
    r"\d{1,5}[A-Za-z]?\.?,?(?: |[ ,]*\n[ \t>]*)\Z"
)
_REACH = 60
_SURE = 0.8
_SHORTEST_REPEATED = 4
_MOST_NAMES = 200
_REPEATED_SCORE = 0.7


def covered(hits: Iterable[Hit]) -> list[tuple[int, int]]:
    """Return the stretches that hits cover, in order and apart."""
    joined: list[tuple[int, int]] = []
    for hit in sorted(hits):
        if joined and hit.start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], hit.end))
        else:
            joined.append((hit.start, hit.end))
    return joined


def merged(text: str, hits: Iterable[Hit]) -> list[Hit]:
    """Hits of one text in order and apart; overlapping ones cover their union and are named by the surest."""
    joined: list[Hit] = []
    for hit in sorted((_grown(text, hit) for hit in hits), key=lambda hit: (hit.start, -hit.end)):
        last = joined[-1] if joined else None
        if last is None:
            joined.append(hit)
            continue
        touching = (
            last.entity in _PLACES and hit.entity in _PLACES and not text[last.end : hit.start].strip(_BETWEEN_PLACES)
        )
        if hit.start >= last.end and not touching:
            joined.append(hit)
            continue
        best = max(last, hit, key=lambda one: (one.score, one.end - one.start))
        entity = "ADDRESS" if touching else best.entity
        joined[-1] = best._replace(start=last.start, end=max(last.end, hit.end), entity=entity)
    return joined


def _grown(text: str, hit: Hit) -> Hit:
    """Add to an address the house number before it and the postcode after it, which models and patterns leave out."""
    if hit.entity != "ADDRESS":
        return hit
    earliest = max(0, hit.start - _REACH)
    before = _STREET_BEFORE.search(text, earliest, hit.start) or _NUMBER_BEFORE.search(text, earliest, hit.start)
    after = _POSTCODE_AFTER.match(text, hit.end)
    return hit._replace(start=before.start() if before else hit.start, end=after.end() if after else hit.end)


def repeated(leaves: Sequence[Leaf], found: Sequence[tuple[Leaf, Hit]]) -> list[tuple[Leaf, Hit]]:
    """Find other places of one text where a name stands that was surely found in it, whole or one word of it."""
    names: set[str] = set()
    for leaf, hit in found:
        if hit.entity == "PERSON" and hit.score >= _SURE:
            value = leaf.text[hit.start : hit.end]
            names.update(word for word in [value, *value.split()] if _is_telling(word))
    if not names:
        return []
    longest_first = sorted(names, key=lambda name: (-len(name), name))[:_MOST_NAMES]
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
    taken: dict[int, list[tuple[int, int]]] = {}
    for leaf, hit in found:
        taken.setdefault(id(leaf), []).append((hit.start, hit.end))
    again: list[tuple[Leaf, Hit]] = []
    for leaf in leaves:
        if leaf.kind == "number":
            continue
        spans = taken.get(id(leaf), [])
        again += [
            (leaf, Hit(match.start(), match.end(), "PERSON", "RepeatedName", _REPEATED_SCORE))
            for match in pattern.finditer(leaf.text)
            if not any(start < match.end() and match.start() < end for start, end in spans)
        ]
    return again


def _is_telling(name: str) -> bool:
    """Whether a name is unlikely to be an ordinary word elsewhere: capitalised as names are, not short, no code."""
    if name.lower() in PRODUCTS:
        return False
    return len(name) >= _SHORTEST_REPEATED and name[0].isupper() and not name.isupper() and not is_identifier(name)
