"""Patterns of users, with time limits: a pattern with catastrophic backtracking must not stop a worker.

All of them together have the time of the text (redaction/budget.py). Each also has a limit of its own, which is halved
each time that the pattern exceeds it: a pattern that is slow on ordinary text must not cost a second for every text.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, cast

import regex  # its types are a package of their own
from presidio_analyzer import PatternRecognizer, RecognizerResult

from redaction.budget import Allowance
from redaction.errors import TimeLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from presidio_analyzer.nlp_engine import NlpArtifacts

SECONDS: Final = 1.0
"""CPU time of one pattern for one text; when it takes longer, the text is removed (fails closed)."""
LEAST: Final = 0.02
"""The same for a pattern that has often taken longer ..."""
PACE: Final = 100_000
"""... and in both cases one second more for so many characters."""

log = logging.getLogger(__name__)


class _TextTime:
    """The time left for the text that is being redacted; one a process, as redactors are."""

    seconds = SECONDS
    allowance: Allowance | None = None  # counted from the first pattern on


def begin(seconds: float) -> None:
    """Start a text: from now on, all patterns of the policy together have this many seconds."""
    _TextTime.seconds = seconds
    _TextTime.allowance = None


class Pattern:
    """A user's regular expression, in the syntax of the `regex` package, which Presidio uses too."""

    def __init__(self, pattern: str, flags: int = 0, *, name: str = "") -> None:
        self._compiled = regex.compile(pattern, flags)
        self._name = name
        self._seconds = SECONDS

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches. Raises TimeLimitExceeded."""
        match: object = self._timed(text, lambda seconds: self._compiled.fullmatch(text, timeout=seconds))
        return match is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return all matches that are not empty. Raises TimeLimitExceeded."""
        spans = self._timed(text, lambda seconds: [m.span() for m in self._compiled.finditer(text, timeout=seconds)])
        return [(start, end) for start, end in spans if start < end]

    def _timed(self, text: str, call: Callable[[float], Any]) -> Any:  # noqa: ANN401 - the result of the call
        allowance = _TextTime.allowance
        if allowance is None:
            allowance = _TextTime.allowance = Allowance(_TextTime.seconds)
        if allowance.spent:
            raise TimeLimitExceeded("the patterns of the policy took too long")
        try:
            return call(self._seconds + len(text) / PACE)
        except TimeoutError:
            if self._seconds == SECONDS:
                log.warning("Pattern %s of the policy takes too long; texts are removed whole over it", self._name)
            self._seconds = max(LEAST, self._seconds / 2)
            raise TimeLimitExceeded(f"pattern {self._name} of the policy took too long") from None


class TimedRecognizer(PatternRecognizer):
    """Presidio's PatternRecognizer, but a pattern that takes too long raises an error instead of being skipped."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - as Presidio's own
        super().__init__(**arguments)
        self._timed = [
            (Pattern(pattern.regex, self.global_regex_flags or 0, name=pattern.name), pattern.score)
            for pattern in cast("Any", self).patterns
        ]

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,
        regex_flags: int | None = None,
    ) -> list[RecognizerResult]:
        """Return all matches of all patterns. Raises TimeLimitExceeded."""
        del entities, nlp_artifacts, regex_flags  # patterns read the text alone, and there is one entity
        entity = self.supported_entities[0]
        return [
            RecognizerResult(entity, start, end, score)
            for pattern, score in self._timed
            for start, end in pattern.spans(text)
        ]
