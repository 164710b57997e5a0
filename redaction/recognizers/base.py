"""Presidio recognizers made of rules: a pattern, a check, and context of whole words."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from presidio_analyzer import EntityRecognizer, RecognizerResult

from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from presidio_analyzer.nlp_engine import NlpArtifacts

CONTEXT_REACH = 48
"""Characters before a match in which a context word counts: about eight words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of one entity.

    The hit is group "value" of the pattern if it has one, else the whole match. With `context`, the rule applies only
    if one of these words is before the match or in the key. `check` gets the value and may reject it; `unless` gets the
    text, the start and end of the value, and the words of the key, and may reject it too.
    """

    entity: str
    pattern: re.Pattern[str]
    score: float = 0.85
    context: re.Pattern[str] | None = None
    check: Callable[[str], bool] | None = None
    unless: Callable[[str, int, int, str], bool] | None = None
    group: str | int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", "value" if "value" in self.pattern.groupindex else 0)


def words(*alternatives: str) -> re.Pattern[str]:
    """Return the pattern of context words, which match as whole words in any case."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)


def has_context(context: re.Pattern[str], text: str, start: int, key_words: str) -> bool:
    """Whether a context word is shortly before `start`, or among the words of the key."""
    return (
        context.search(text, max(0, start - CONTEXT_REACH), start) is not None or context.search(key_words) is not None
    )


class Search(NamedTuple):
    """A search: `find` takes a text and the context words of its key, and yields hits.

    It finds nothing if `gate` does not match in the text, or `context` neither in the text nor in those words.
    """

    gate: re.Pattern[str]
    find: Callable[[str, str], Iterator[Hit]]
    context: re.Pattern[str] | None = None


class TextRecognizer(EntityRecognizer):
    """A Presidio recognizer that lists its searches, so that Analyzer can try all gates together."""

    def __init__(self, name: str, entities: Sequence[str]) -> None:
        super().__init__(supported_entities=sorted(set(entities)), name=name, supported_language="en")
        self.name: str = name

    def load(self) -> None:
        """Do nothing: rules are code."""

    @abstractmethod
    def searches(self) -> Sequence[Search]:
        """Return all searches."""

    def contexts(self, entity: str) -> list[re.Pattern[str]]:
        """Return the context words of an entity; used to explain a finding."""
        del entity
        return []

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Find hits through Presidio's interface, so that these recognizers work in any AnalyzerEngine."""
        del nlp_artifacts  # rules read the text alone
        return [
            RecognizerResult(entity_type=hit.entity, start=hit.start, end=hit.end, score=hit.score)
            for search in self.searches()
            for hit in search.find(text, "")
            if hit.entity in entities
        ]


class RuleRecognizer(TextRecognizer):
    """A recognizer made of rules."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        super().__init__(name, [rule.entity for rule in rules])
        self.rules = tuple(rules)

    def contexts(self, entity: str) -> list[re.Pattern[str]]:
        """Return the context words of an entity."""
        return [rule.context for rule in self.rules if rule.entity == entity and rule.context is not None]

    def searches(self) -> list[Search]:
        """Return one search a rule; their hits may overlap."""
        return [Search(rule.pattern, partial(self._hits, rule), rule.context) for rule in self.rules]

    def _hits(self, rule: Rule, text: str, key_words: str) -> Iterator[Hit]:
        for match in rule.pattern.finditer(text):
            start, end = match.span(rule.group)
            if end <= start:
                continue
            if rule.context is not None and not has_context(rule.context, text, match.start(), key_words):
                continue
            if rule.unless is not None and rule.unless(text, start, end, key_words):
                continue
            if rule.check is None or rule.check(text[start:end]):
                yield Hit(start, end, rule.entity, self.name, rule.score)
