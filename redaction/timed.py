"""Patterns that a user wrote, behind a time limit: one that backtracks without end must not stop a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import regex  # its types are a package of their own
from presidio_analyzer import PatternRecognizer, RecognizerResult

from redaction.errors import TimeLimitExceeded

if TYPE_CHECKING:
    from presidio_analyzer.nlp_engine import NlpArtifacts

SECONDS = 1.0
"""What one pattern may take for one text; longer, and the text is removed whole (fails closed)."""


class Pattern:
    """A regular expression of a user's, in the syntax of the `regex` package, which Presidio uses too."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._compiled = regex.compile(pattern, flags)

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches. Raises TimeLimitExceeded."""
        try:
            return self._compiled.fullmatch(text, timeout=SECONDS) is not None
        except TimeoutError:
            raise TimeLimitExceeded("a pattern of the policy took too long") from None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """All matches that are not empty. Raises TimeLimitExceeded."""
        try:
            found = [match.span() for match in self._compiled.finditer(text, timeout=SECONDS)]
        except TimeoutError:
            raise TimeLimitExceeded("a pattern of the policy took too long") from None
        return [(start, end) for start, end in found if start < end]


class TimedRecognizer(PatternRecognizer):
    """Presidio's PatternRecognizer; where that one skips a pattern that takes too long, this one raises."""

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,
        regex_flags: int | None = None,
    ) -> list[RecognizerResult]:
        """All matches of all patterns. Raises TimeLimitExceeded."""
        del entities, nlp_artifacts  # patterns read the text alone, and there is one entity
        flags = regex_flags or self.global_regex_flags
        results = []
        patterns = cast("Any", self).patterns
        for pattern in patterns:
            if pattern.compiled_regex is None or pattern.compiled_with_flags != flags:
                pattern.compiled_regex = regex.compile(pattern.regex, flags)
                pattern.compiled_with_flags = flags
            try:
                found = [match.span() for match in pattern.compiled_regex.finditer(text, timeout=SECONDS)]
            except TimeoutError:
                raise TimeLimitExceeded(f"pattern {pattern.name} took too long") from None
            results += [
                RecognizerResult(self.supported_entities[0], start, end, pattern.score)
                for start, end in found
                if start < end
            ]
        return results
