"""What becomes of the model's answers: whole words, no codes, house numbers beside streets, ids with context."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.ner_view import is_identifier
from redaction.recognizers.base import Hit, has_context, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redaction.ner import Entity

THRESHOLD = 0.15
LOWER_CASE_THRESHOLD = 0.6
ID_THRESHOLD = 0.5
_PRODUCTS_TEXT = (
    "claude sonnet opus haiku gemini gemma mistral llama grok cohere qwen deepseek bedrock vertex openai anthropic"
    " ollama langfuse langsmith langchain langgraph llamaindex haystack litellm mlflow jaeger vercel pydantic celery"
    " redis postgres clickhouse presidio datasette streamlit python pytest asyncio"
)
PRODUCTS = frozenset(_PRODUCTS_TEXT.split())
"""Products that agents' texts are full of and that models take for people; a full name with one in it still counts."""

_ENTITIES = {
    "STREET": "ADDRESS",
    "BUILDING": "ADDRESS",
    "UNIT": "ADDRESS",
    "ZIP": "ADDRESS",
    "CITY": "LOCATION",
    "STATE": "LOCATION",
}
_ADDRESS = frozenset(_ENTITIES)
_ID_CONTEXT = words(
    "licen[cs]e",
    "passport",
    "ssn",
    "social security",
    "tax",
    "tin",
    "ein",
    "account",
    "acct",
    "routing",
    "pan",
    "aadhaa?r",
    "insurance",
    "patient",
    "mrn",
    "national id",
    "nin",
    "voter",
    "iban",
    "bank",
)
_COUNTED = re.compile(
    r"(?:turn|step|round|iteration|attempt|retry|message|item|line|page|row|part|chapter|section|version|level|phase"
    r"|question|task|ticket|order|issue|case|test|episode|number|day|week|month)s?(?: ?#? ?\d+)?",
    re.IGNORECASE,
)
"""What agents number; a word of these with a number behind it is taken for a street and its house."""
_CODE = re.compile(r"[A-Z]{2,4}")
_ZIP = re.compile(r"\d{4,6}(?:-\d{3,4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d", re.IGNORECASE)
_SHAPES = {
    "ZIP": _ZIP,
    "BUILDING": re.compile(r"\d{1,6}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"),
    "PHONE_NUMBER": re.compile(r"(?=(?:\D*\d){7})(?!\d+\Z)(?![\d,]+\.\d+\Z).+", re.DOTALL),
    "EMAIL_ADDRESS": re.compile(r".*@.*", re.DOTALL),
}
_TELLING = re.compile(
    r"(?i)\b(?:suite|apt|apartment|unit|ste|flat|room|rm|floor|building|bldg|box|street|st|avenue|ave|road|rd|lane|ln|drive|dr"
    r"|boulevard|blvd|court|ct|place|pl|way|terrace|circle|parkway|highway|square|close|crescent|trail|rue|via|calle|rua"
    r"|plaza|platz)\b|(?:straße|strasse|weg|gatan|vägen|gade|vej|straat|laan)\b"
)
_BRIDGE = re.compile(r"[\s,.#\-]*[^\W\d_]{0,10}\.?[\s,.#\-]*")
_LONGEST_BRIDGE = 14
_BESIDE = 6
_NOT_TOGETHER = ({"BUILDING", "STATE"}, {"BUILDING"}, {"STATE"}, {"UNIT", "BUILDING"}, {"UNIT"}, {"STREET"})


def findings(text: str, entities: Iterable[Entity], recognizer: str, key_words: str = "") -> list[Hit]:
    """Make hits of a model's entities in a text; both in characters of that text."""
    kept = [
        grown
        for entity in sorted(entities)
        if (grown := _whole_words(text, entity)) is not None and _stands(text, grown, key_words)
    ]
    kept = [entity for entity in kept if _has_company(text, entity, kept)]
    return [
        Hit(entity.start, entity.end, _ENTITIES.get(entity.label, entity.label), recognizer, entity.score)
        for entity in _bridge(text, kept)
    ]


def _whole_words(text: str, entity: Entity) -> Entity | None:
    """Grow to word boundaries, so that no half of a name stays behind; None for part of an identifier."""
    start, end = entity.start, entity.end
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    if end <= start:
        return None
    value = text[start:end]
    if entity.label not in {"ID_NUMBER", "PHONE_NUMBER", "EMAIL_ADDRESS"} and is_identifier(value):
        return None
    return entity._replace(start=start, end=end)


def _stands(text: str, entity: Entity, key_words: str) -> bool:
    value = text[entity.start : entity.end]
    if entity.label == "ID_NUMBER":
        return entity.score >= ID_THRESHOLD and has_context(_ID_CONTEXT, text, entity.start, key_words)
    if entity.score < (LOWER_CASE_THRESHOLD if value.islower() else THRESHOLD) or len(value) < 2:  # noqa: PLR2004 - letters
        return False
    if entity.label in _ADDRESS and _COUNTED.fullmatch(value):
        return False
    if entity.label in {"PERSON", "STREET", "CITY"}:
        return value.lower() not in PRODUCTS and any(map(str.isalpha, value)) and _CODE.fullmatch(value) is None
    shape = _SHAPES.get(entity.label)
    return shape is None or shape.fullmatch(value) is not None


def _has_company(text: str, entity: Entity, others: Sequence[Entity]) -> bool:
    """Tell whether a part of an address says so itself, or stands beside another part."""
    if entity.label not in {"BUILDING", "STATE", "UNIT", "STREET", "ZIP"}:
        return True
    if entity.label in {"UNIT", "STREET"} and _TELLING.search(text, entity.start, entity.end):
        return True
    return any(
        other is not entity
        and other.label in _ADDRESS
        and {entity.label, other.label} not in _NOT_TOGETHER
        and (0 <= other.start - entity.end < _BESIDE or 0 <= entity.start - other.end < _BESIDE)
        for other in others
    )


def _bridge(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """Join the parts of one address over commas and a short word, those of one name over a space or an initial."""
    joined: list[Entity] = []
    for entity in entities:
        last = joined[-1] if joined else None
        if last is not None and _belongs(text, last, entity):
            label = last.label if last.label == entity.label else "STREET"
            joined[-1] = last._replace(end=max(last.end, entity.end), label=label, score=max(last.score, entity.score))
        else:
            joined.append(entity)
    return joined


def _belongs(text: str, first: Entity, second: Entity) -> bool:
    gap = text[first.end : second.start]
    if second.start < first.end:
        return first.label == second.label or {first.label, second.label} <= _ADDRESS
    if first.label in _ADDRESS and second.label in _ADDRESS:
        return len(gap) <= _LONGEST_BRIDGE and _BRIDGE.fullmatch(gap) is not None
    if first.label == second.label == "PERSON":
        return re.fullmatch(r"[ \t'\u2019-]|\.? [A-Z]\.? |\. ", gap) is not None
    return False
