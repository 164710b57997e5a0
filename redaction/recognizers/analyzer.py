"""The analyzer: the registry of recognizers, and their hits in one text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from presidio_analyzer import EntityRecognizer, RecognizerRegistry

from redaction.covered import Covered
from redaction.recognizers import identifiers, national_ids, personal, phone, places, secrets, wallets
from redaction.recognizers.base import CONTEXT_REACH, TextRecognizer, has_context, words
from redaction.recognizers.prefilter import Prefilter
from redaction.text import PLACEHOLDER, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from presidio_analyzer.nlp_engine import NlpArtifacts

MIN_SCORE = 0.5
CONTEXT_BONUS = 0.35
"""Added to the score of a Presidio recognizer for a context word; the value of its LemmaContextAwareEnhancer."""
_PROVING = frozenset({"CardRecognizer", "NationalNumberRecognizer", "TelephoneRecognizer"})
"""Recognizers that use check digits or numbering plans, so that their hits on bare numbers are reliable."""
_FAMILIES = (personal, identifiers, national_ids, phone, places, wallets, secrets)


def registry(more: Sequence[EntityRecognizer] = ()) -> RecognizerRegistry:
    """Return all recognizers, with `more`, in a registry for any Presidio AnalyzerEngine.

    Presidio's own set is not loaded: URL, DATE_TIME, US_BANK_NUMBER, US_DRIVER_LICENSE and others match trace ids,
    order ids and timestamps; its card and SSN rules miss numbers, and its e-mail rule may use the network.
    """
    own = [recognizer for family in _FAMILIES for recognizer in family.recognizers()]
    return RecognizerRegistry(recognizers=[*own, *more], supported_languages=["en"])


class Analyzer:
    """Runs the searches of a registry that may have hits in a text; one pass over the text (Prefilter) tells which.

    Presidio's AnalyzerEngine is not used: it needs an NLP engine for every text, copies each result to weigh context,
    and quotes the text in its errors. Context is whole words, and is tested in the recognizers (recognizers/base.py);
    for recognizers of Presidio's own kind, which have a list of words, it is tested here.
    """

    def __init__(self, recognizers: RecognizerRegistry | None = None) -> None:
        listed = (recognizers or registry()).recognizers
        self._own = [recognizer for recognizer in listed if isinstance(recognizer, TextRecognizer)]
        self._foreign = [_Foreign(recognizer) for recognizer in listed if not isinstance(recognizer, TextRecognizer)]
        self._searches = [search for recognizer in self._own for search in recognizer.searches()]
        self._contexts = list(dict.fromkeys(search.context for search in self._searches if search.context is not None))
        self._context_of = [
            None if search.context is None else len(self._searches) + self._contexts.index(search.context)
            for search in self._searches
        ]
        self._prefilter = _prefilter((*(search.gate for search in self._searches), *self._contexts))
        self._of_key = lru_cache(maxsize=1024)(self._contexts_in_key)

    def find(self, text: str, key_words: str = "") -> list[Hit]:
        """Return all hits in a text, unordered and overlapping, but none in placeholders of an earlier redaction."""
        hits = [hit for hit in self._hits(text, key_words) if hit.score >= MIN_SCORE]
        if hits and "<" in text:
            kept = Covered(match.span() for match in PLACEHOLDER.finditer(text))
            hits = [hit for hit in hits if not kept.touches(hit.start, hit.end)]
        return hits

    @property
    def has_more(self) -> bool:
        """Whether a policy adds recognizers, which may find shorter numbers than ours."""
        return bool(self._foreign)

    def find_number(self, digits: str, key_words: str = "") -> list[Hit]:
        """Return the hits that cover a bare number, of recognizers that are reliable there or of a policy."""
        trusted = _PROVING.union(one.name for one in self._foreign)
        whole = (0, len(digits))
        return [hit for hit in self.find(digits, key_words) if hit[:2] == whole and hit.recognizer in trusted]

    def context(self, recognizer: str, entity: str, text: str, start: int) -> str:
        """Return the context word of a recognizer and an entity before `start`, "" if there is none."""
        recognizers: list[TextRecognizer | _Foreign] = [*self._own, *self._foreign]
        for one in recognizers:
            for context in one.contexts(entity) if one.name == recognizer else ():
                word = context.search(text, max(0, start - CONTEXT_REACH), start)
                if word is not None:
                    return word.group()
        return ""

    def _hits(self, text: str, key_words: str) -> Iterator[Hit]:
        possible = self._prefilter.find(text)
        for number in possible:
            if number >= len(self._searches):
                break
            context = self._context_of[number]
            if context is None or context in possible or context in self._of_key(key_words):
                yield from self._searches[number].find(text, key_words)
        for foreign in self._foreign:
            yield from foreign.find(text, key_words)

    def _contexts_in_key(self, key_words: str) -> frozenset[int]:
        first = len(self._searches)
        return frozenset(first + index for index, one in enumerate(self._contexts) if one.search(key_words))


@lru_cache(maxsize=4)
def _prefilter(patterns: tuple[re.Pattern[str], ...]) -> Prefilter:
    """Build a prefilter, once for all teams: recognizers of a team's own are not in it."""
    return Prefilter(patterns)


class _Foreign:
    """A recognizer of Presidio's own kind, with its context words."""

    def __init__(self, recognizer: EntityRecognizer) -> None:
        self._recognizer = recognizer
        self.name = str(getattr(recognizer, "name", ""))
        context = getattr(recognizer, "context", None)
        self._context = words(*map(re.escape, context)) if context else None

    def contexts(self, entity: str) -> list[re.Pattern[str]]:
        """Return the context words of an entity."""
        return [self._context] if self._context is not None and entity in self._recognizer.supported_entities else []

    def find(self, text: str, key_words: str) -> Iterator[Hit]:
        """Yield all hits; a context word before a hit or in the key adds to its score."""
        entities = self._recognizer.supported_entities
        for result in self._recognizer.analyze(text, entities, cast("NlpArtifacts", None)):
            score = result.score
            if self._context is not None and has_context(self._context, text, result.start, key_words):
                score = min(1.0, score + CONTEXT_BONUS)
            yield Hit(result.start, result.end, result.entity_type, self.name, score)
