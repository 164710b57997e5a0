"""The pattern layer: which recognisers there are, and what they find in one text."""

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
"""What a context word adds to the score of a Presidio recogniser; the value of its LemmaContextAwareEnhancer."""
_PROVING = frozenset({"CardRecognizer", "NationalNumberRecognizer", "TelephoneRecognizer"})
"""Recognisers that decide by check digits or numbering plans: what they say of a bare number is no chance."""
_FAMILIES = (personal, identifiers, national_ids, phone, places, wallets, secrets)


def registry(more: Sequence[EntityRecognizer] = ()) -> RecognizerRegistry:
    """All recognisers and some more, in a registry that any Presidio AnalyzerEngine takes.

    Presidio's own set is not loaded: URL, DATE_TIME, US_BANK_NUMBER, US_DRIVER_LICENSE and their like fire on trace
    ids, order ids and timestamps; its card and SSN rules miss numbers, and its e-mail rule may ask the network.
    """
    own = [recognizer for family in _FAMILIES for recognizer in family.recognizers()]
    return RecognizerRegistry(recognizers=[*own, *more], supported_languages=["en"])


class Analyzer:
    """Runs what the recognisers of a registry look for, where one pass over the text says that it may be there.

    AnalyzerEngine itself is not used: it needs an NLP engine for every text, copies each result to weigh context, and
    quotes the text in its errors. Context is whole words and decided inside the recognisers (recognizers/base.py), or
    here for Presidio's own kind, which hold a list of words.
    """

    def __init__(self, recognizers: RecognizerRegistry | None = None) -> None:
        held = (recognizers or registry()).recognizers
        self._own = [recognizer for recognizer in held if isinstance(recognizer, TextRecognizer)]
        self._foreign = [_Foreign(recognizer) for recognizer in held if not isinstance(recognizer, TextRecognizer)]
        self._searches = [search for recognizer in self._own for search in recognizer.searches()]
        self._contexts = list(dict.fromkeys(search.context for search in self._searches if search.context is not None))
        self._context_of = [
            None if search.context is None else len(self._searches) + self._contexts.index(search.context)
            for search in self._searches
        ]
        self._prefilter = _prefilter((*(search.gate for search in self._searches), *self._contexts))
        self._of_key = lru_cache(maxsize=1024)(self._contexts_in_key)

    def find(self, text: str, key_words: str = "") -> list[Hit]:
        """All hits in a text, in no order and overlapping; placeholders of an earlier redaction are left alone."""
        hits = [hit for hit in self._hits(text, key_words) if hit.score >= MIN_SCORE]
        if hits and "<" in text:
            kept = Covered(match.span() for match in PLACEHOLDER.finditer(text))
            hits = [hit for hit in hits if not kept.touches(hit.start, hit.end)]
        return hits

    @property
    def has_more(self) -> bool:
        """Whether there are recognisers of a policy, which may know shorter numbers than ours do."""
        return bool(self._foreign)

    def find_number(self, digits: str, key_words: str = "") -> list[Hit]:
        """All hits that are the whole of a bare number, from what does not guess: check digits, plans, a policy."""
        trusted = _PROVING.union(one.name for one in self._foreign)
        whole = (0, len(digits))
        return [hit for hit in self.find(digits, key_words) if hit[:2] == whole and hit.recognizer in trusted]

    def context(self, recognizer: str, entity: str, text: str, start: int) -> str:
        """Return the word before `start` that a recogniser takes as context for an entity, "" when there is none."""
        named: list[TextRecognizer | _Foreign] = [*self._own, *self._foreign]
        for one in named:
            for words_of_it in one.contexts(entity) if one.name == recognizer else ():
                found = words_of_it.search(text, max(0, start - CONTEXT_REACH), start)
                if found is not None:
                    return found.group()
        return ""

    def _hits(self, text: str, key_words: str) -> Iterator[Hit]:
        seen = self._prefilter.find(text)
        for number in seen:
            if number >= len(self._searches):
                break
            context = self._context_of[number]
            if context is None or context in seen or context in self._of_key(key_words):
                yield from self._searches[number].find(text, key_words)
        for foreign in self._foreign:
            yield from foreign.find(text, key_words)

    def _contexts_in_key(self, key_words: str) -> frozenset[int]:
        first = len(self._searches)
        return frozenset(first + index for index, one in enumerate(self._contexts) if one.search(key_words))


@lru_cache(maxsize=4)
def _prefilter(patterns: tuple[re.Pattern[str], ...]) -> Prefilter:
    """Teams with recognisers of their own share the rest."""
    return Prefilter(patterns)


class _Foreign:
    """A recogniser made as Presidio documents, with its context words."""

    def __init__(self, recognizer: EntityRecognizer) -> None:
        self._recognizer = recognizer
        self.name = str(getattr(recognizer, "name", ""))
        context = getattr(recognizer, "context", None)
        self._context = words(*map(re.escape, context)) if context else None

    def contexts(self, entity: str) -> list[re.Pattern[str]]:
        """Return the words that count as context."""
        return [self._context] if self._context is not None and entity in self._recognizer.supported_entities else []

    def find(self, text: str, key_words: str) -> Iterator[Hit]:
        """All hits, those with a context word before them or in the key with a better score."""
        entities = self._recognizer.supported_entities
        for result in self._recognizer.analyze(text, entities, cast("NlpArtifacts", None)):
            score = result.score
            if self._context is not None and has_context(self._context, text, result.start, key_words):
                score = min(1.0, score + CONTEXT_BONUS)
            yield Hit(result.start, result.end, result.entity_type, self.name, score)
