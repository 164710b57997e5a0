"""The pattern layer: which recognisers there are, and what they find in one text."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from presidio_analyzer import RecognizerRegistry
from presidio_analyzer.predefined_recognizers import CryptoRecognizer

from redaction.operators import PLACEHOLDER
from redaction.recognizers import identifiers, personal, phone, secrets
from redaction.recognizers.base import Hit, TextRecognizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from presidio_analyzer import EntityRecognizer
    from presidio_analyzer.nlp_engine import NlpArtifacts

MIN_SCORE = 0.5


def registry() -> RecognizerRegistry:
    """All recognisers, in a registry that any Presidio AnalyzerEngine takes.

    Presidio's own set is not loaded: URL, DATE_TIME, US_BANK_NUMBER, US_DRIVER_LICENSE and their like fire on trace
    ids, order ids and timestamps; its card and SSN rules miss numbers, and its e-mail rule may ask the network.
    """
    own = [recognizer for family in (personal, identifiers, phone, secrets) for recognizer in family.recognizers()]
    return RecognizerRegistry(recognizers=[*own, CryptoRecognizer()], supported_languages=["en"])


class Analyzer:
    """Runs the recognisers of a registry whose gate opens.

    AnalyzerEngine itself is not used: it needs an NLP engine for every text, copies each result to weigh context, and
    quotes the text in its errors. Context is whole words and decided inside the recognisers (recognizers/base.py).
    """

    def __init__(self, recognizers: RecognizerRegistry | None = None) -> None:
        held = (recognizers or registry()).recognizers
        self._own = [recognizer for recognizer in held if isinstance(recognizer, TextRecognizer)]
        self._foreign = [recognizer for recognizer in held if not isinstance(recognizer, TextRecognizer)]

    def find(self, text: str, key_words: str = "") -> list[Hit]:
        """All hits in a text, in no order and overlapping; placeholders of an earlier redaction are left alone."""
        hits = [hit for hit in self._hits(text, key_words) if hit.score >= MIN_SCORE]
        if hits and "<" in text:
            kept = [match.span() for match in PLACEHOLDER.finditer(text)]
            hits = [hit for hit in hits if not any(start < hit.end and hit.start < end for start, end in kept)]
        return hits

    def _hits(self, text: str, key_words: str) -> Iterator[Hit]:
        for recognizer in self._own:
            if recognizer.gate.search(text):
                yield from recognizer.find(text, key_words)
        for foreign in self._foreign:
            yield from _analyze(foreign, text)


def _analyze(recognizer: EntityRecognizer, text: str) -> Iterator[Hit]:
    for result in recognizer.analyze(text, recognizer.supported_entities, cast("NlpArtifacts", None)):
        yield Hit(result.start, result.end, result.entity_type, str(getattr(recognizer, "name", "")), result.score)
