"""From the stretch that a model tagged to whole words: named steps, each of which changes an entity or rejects it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.ner.model import Entity
from redaction.ner.scripts import is_joined, is_letter
from redaction.ner.view import HANDLE, is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WORD = 500
"""Letters that a name grows by at either side; no word of a language is longer."""
_TITLE = re.compile(
    r"(?:mrs?|ms|mx|miss|dr|prof|professor|sir|madame?|mme|monsieur|herrn?|frau|señora?|signora?)\.?[ \t]+(?=\w)",
    re.IGNORECASE,
)
"""A title before a name: included, it would give a person another pseudonym than without it."""
_ELIDED = re.compile(r"(?<!\w)[DLOdl]['\u2019]\Z")
"""What an apostrophe joins to a name: of "D'Angelo", the model may tag the second part alone."""
_CONTRACTION = re.compile(r"(?<=n)['\u2019]t\b")
_TOKEN_BEFORE = re.compile(r"[\w$][\w$.:/-]++(?<=[.:_/-])\Z", re.ASCII)
_TOKEN_AFTER = re.compile(r"[.:_/-][\w$.:/-]*[\w$]", re.ASCII)
_LONGEST_TOKEN = 60
_POSTCODE_TAIL = re.compile(r"(?<=\D\d{3}) \d{2}(?!\d)|(?<=\D\d{4}) [A-Z]{2}(?![A-Za-z])|(?<=\d{4})-\d{3,4}(?!\d)")
"""The rest of a postcode of which the first group is tagged: "407 47", "3079 NP", "7570-198"."""
_TOWN_TAIL = re.compile(r"(?:-[^\W\d_]+){0,3}-(?=[^\W\d_a-zß-ÿ])[^\W\d_]{2,}(?![\w-])")
"""What a hyphen joins to a town: of "Montigny-le-Tilleul", the model may tag the first word alone."""
_MAY_BE_IDENTIFIERS = frozenset({"ID_NUMBER", "PHONE_NUMBER", "EMAIL_ADDRESS"})


def trim(text: str, entity: Entity) -> Entity | None:
    """Cut off what is no letter or digit at both ends; reject an entity without any."""
    start, end = entity.start, entity.end
    while start < end and not is_letter(text[start]):
        start += 1
    while end > start and not is_letter(text[end - 1]):
        end -= 1
    return _at(entity, start, end) if start < end else None


def grow(text: str, entity: Entity) -> Entity:
    """Grow to word boundaries, so that no half of a name stays behind."""
    start, end = entity.start, entity.end
    earliest, latest = max(0, start - _LONGEST_WORD), min(len(text), end + _LONGEST_WORD)
    while start > earliest and is_joined(text[start]) and is_joined(text[start - 1]):
        start -= 1
    while end < latest and is_joined(text[end - 1]) and is_joined(text[end]):
        end += 1
    return _at(entity, start, end)


def strip_title(text: str, entity: Entity) -> Entity:
    """Cut off the title before the name of a person."""
    title = _TITLE.match(text, entity.start, entity.end) if entity.label == "PERSON" else None
    return _at(entity, title.end(), entity.end) if title else entity


def add_elision(text: str, entity: Entity) -> Entity:
    """Add the elided particle before the name of a person: "D'"."""
    elided = _ELIDED.search(text, max(0, entity.start - 2), entity.start) if entity.label == "PERSON" else None
    return _at(entity, elided.start(), entity.end) if elided else entity


def reject_identifier(text: str, entity: Entity) -> Entity | None:
    """Reject an identifier, a part of one, and the half of "isn't"."""
    if entity.label in _MAY_BE_IDENTIFIERS:
        return entity
    value = text[entity.start : entity.end]
    if len(value.split()) == 1 and is_identifier(value):
        return None
    if _is_in_identifier(text, entity) or _CONTRACTION.match(text, entity.end):
        return None
    return entity


def add_tail(text: str, entity: Entity) -> Entity:
    """Add to an address the second group of its postcode, to a town the words that hyphens join to it."""
    tail = _POSTCODE_TAIL.match(text, entity.end) if entity.label == "ADDRESS" else None
    if tail is None and entity.label in {"ADDRESS", "CITY"} and text[entity.end - 1].isalpha():
        tail = _TOWN_TAIL.match(text, entity.end)
    return _at(entity, entity.start, tail.end()) if tail else entity


STEPS: tuple[Callable[[str, Entity], Entity | None], ...] = (
    trim,
    grow,
    strip_title,
    add_elision,
    reject_identifier,
    add_tail,
)


def whole_words(text: str, entity: Entity) -> Entity | None:
    """Take an entity of a model through all steps; None where one of them rejects it."""
    current: Entity | None = entity
    for step in STEPS:
        if current is None:
            return None
        current = step(text, current)
    return current


def _at(entity: Entity, start: int, end: int) -> Entity:
    if start == entity.start and end == entity.end:
        return entity
    return Entity(start, end, entity.label, entity.score)  # _replace takes twice the time


def _is_in_identifier(text: str, entity: Entity) -> bool:
    """Whether the first or the last word belongs to a longer token that is an identifier: "gpt-4", "a2a/router.ts"."""
    start, end = entity.start, entity.end
    before = _TOKEN_BEFORE.search(text, max(0, start - _LONGEST_TOKEN), start)
    after = _TOKEN_AFTER.match(text, end, end + _LONGEST_TOKEN)
    if before is None and after is None:
        return False
    first, last = before.start() if before else start, after.end() if after else end
    if text[start:end].isalnum():
        token = text[first:last]
        return is_identifier(token) or (entity.label != "PERSON" and HANDLE.fullmatch(token) is not None)
    words = re.split(r"\s", text[first:last])
    return (before is not None and is_identifier(words[0])) or (after is not None and is_identifier(words[-1]))
