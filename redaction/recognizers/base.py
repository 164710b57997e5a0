"""A family of rules as one Presidio recogniser: pattern, gate, check and whole-word context."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from presidio_analyzer import EntityRecognizer, RecognizerResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from presidio_analyzer.nlp_engine import NlpArtifacts

CONTEXT_REACH = 48
"""Characters before a match in which a context word counts: about eight words."""


class Hit(NamedTuple):
    """A match of one rule, in characters of the text that was searched."""

    start: int
    end: int
    entity: str
    recognizer: str
    score: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of one entity.

    The finding is group "value" of the pattern where it has one, else the whole match. With `context`, the rule holds
    only if one of these words stands before the match or in the key; `check` sees the value and may reject it.
    """

    entity: str
    pattern: re.Pattern[str]
    score: float = 0.85
    context: re.Pattern[str] | None = None
    check: Callable[[str], bool] | None = None
    gate: re.Pattern[str] | None = None
    clues: re.Pattern[str] | None = None  # a gate for the text in lower case
    group: str | int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", "value" if "value" in self.pattern.groupindex else 0)


def words(*alternatives: str) -> re.Pattern[str]:
    """Context words, matched whole and in any case."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)


def has_context(context: re.Pattern[str], text: str, start: int, key_words: str) -> bool:
    """Whether a context word stands shortly before `start`, or in the words of the key."""
    return (
        context.search(text, max(0, start - CONTEXT_REACH), start) is not None or context.search(key_words) is not None
    )


class TextRecognizer(EntityRecognizer):
    """A Presidio recogniser with a cheap question before it: `gate` must be found in the text, or it does not run.

    `folded` says that the gate is searched in the text in lower case: ten times faster than a search in any case.
    `needs_digit` says that there is nothing to find in a text without a digit.
    """

    gate: re.Pattern[str]
    folded = False
    needs_digit = False

    def __init__(self, name: str, entities: Sequence[str]) -> None:
        super().__init__(supported_entities=sorted(set(entities)), name=name, supported_language="en")
        self.name: str = name

    def load(self) -> None:
        """Nothing to load: rules are code."""

    @abstractmethod
    def find(self, text: str, key_words: str = "") -> Iterator[Hit]:
        """All hits in a text; `key_words` are the context words of the key that the text stood under."""

    def contexts(self, entity: str) -> list[re.Pattern[str]]:
        """Return the words that count as context for an entity; to explain a finding."""
        del entity
        return []

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Presidio's interface to `find`, so that these recognisers work in any AnalyzerEngine too."""
        del nlp_artifacts  # rules read the text alone
        if not self.gate.search(text.lower() if self.folded else text):
            return []
        return [
            RecognizerResult(entity_type=hit.entity, start=hit.start, end=hit.end, score=hit.score)
            for hit in self.find(text)
            if hit.entity in entities
        ]


class RuleRecognizer(TextRecognizer):
    """A recogniser made of rules."""

    def __init__(
        self,
        name: str,
        gate: re.Pattern[str],
        rules: Sequence[Rule],
        *,
        folded: bool = False,
        needs_digit: bool = False,
    ) -> None:
        super().__init__(name, [rule.entity for rule in rules])
        self.gate = gate
        self.folded = folded
        self.needs_digit = needs_digit
        self.rules = tuple(rules)

    def contexts(self, entity: str) -> list[re.Pattern[str]]:
        """Return the words that count as context for an entity."""
        return [rule.context for rule in self.rules if rule.entity == entity and rule.context is not None]

    def find(self, text: str, key_words: str = "") -> Iterator[Hit]:
        """All hits of all rules; they may overlap."""
        lowered = text.lower()
        for rule in self.rules:
            if rule.gate is not None and not rule.gate.search(text):
                continue
            if rule.clues is not None and not (rule.clues.search(lowered) or rule.clues.search(key_words)):
                continue
            if rule.context is not None and not (rule.context.search(text) or rule.context.search(key_words)):
                continue
            for match in rule.pattern.finditer(text):
                start, end = match.span(rule.group)
                if end <= start:
                    continue
                if rule.context is not None and not has_context(rule.context, text, match.start(), key_words):
                    continue
                if rule.check is None or rule.check(text[start:end]):
                    yield Hit(start, end, rule.entity, self.name, rule.score)
