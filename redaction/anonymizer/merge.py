"""Merges hits: overlapping ones become one, and addresses take in the numbers next to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.recognizers.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redaction.text import Hit

_PLACES = frozenset({"ADDRESS", "LOCATION"})
_BETWEEN_PLACES = " ,.\n\r\t"
_NUMBER_BEFORE = re.compile(r"(?<![\w.#$€£/-])(?:\d{1,6}[A-Za-z]?(?:[-/]\d{1,4})?,? ){1,2}\Z")
_POSTCODE_AFTER = re.compile(r"(?:,? |,?[ \t]*\n[ \t>]*|, ?)\d{3,6}(?:[- ]\d{2,4})?(?![\w-]|[.,:/]\d| ?[%$€£])")
_STREET_BEFORE = re.compile(
    r"(?<![\w.#/-])(?:\d{1,6}[A-Za-z]?,? )?(?:[A-ZÀ-ÞĀŁŚŠŽŐÉΑ-ΩА-Я][^\W\d_]*+(?:[.'-][^\W\d_]*+)?\.? )"
    r"(?:(?:[A-ZÀ-ÞĀŁŚŠŽŐÉΑ-ΩА-Я][^\W\d_]*\.?|de|del|della|di|do|da|dos|des|du|la|le|los|las|van|der|den|el|al) ){0,4}"
    r"\d{1,5}[A-Za-z]?\.?,?(?: |[ ,]*\n[ \t>]*)\Z"
)
_REACH = 60


def covered(hits: Iterable[Hit]) -> list[tuple[int, int]]:
    """Return the stretches that hits cover, in order and without overlap."""
    joined: list[tuple[int, int]] = []
    for hit in sorted(hits):
        if joined and hit.start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], hit.end))
        else:
            joined.append((hit.start, hit.end))
    return joined


def merged(text: str, hits: Iterable[Hit]) -> list[Hit]:
    """Merge the hits of a text. Overlapping ones become their union, named by a secret, else by the best score."""
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
        best = max(last, hit, key=lambda one: (one.entity in SECRETS, one.score, one.end - one.start))
        entity = "ADDRESS" if touching else best.entity
        joined[-1] = best._replace(start=last.start, end=max(last.end, hit.end), entity=entity)
    return joined


def _grown(text: str, hit: Hit) -> Hit:
    """Add to an address the house number before it and the postcode after it, which models and patterns miss."""
    if hit.entity != "ADDRESS":
        return hit
    earliest = max(0, hit.start - _REACH)
    before = _STREET_BEFORE.search(text, earliest, hit.start) or _NUMBER_BEFORE.search(text, earliest, hit.start)
    after = _POSTCODE_AFTER.match(text, hit.end)
    return hit._replace(start=before.start() if before else hit.start, end=after.end() if after else hit.end)
