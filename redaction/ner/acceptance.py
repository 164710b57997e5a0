"""Filters and joins the model's answers: no codes, house numbers only next to streets, ids only with context."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redaction.ner.not_names import is_not_a_person
from redaction.ner.whole_words import whole_words
from redaction.recognizers.base import has_context, words
from redaction.recognizers.numbered_things import is_word_for_a_number, names_a_thing
from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from redaction.ner.model import Entity

THRESHOLD = 0.15
LOWER_CASE_THRESHOLD = 0.6
ID_THRESHOLD = 0.5
OPENING_THRESHOLD = 0.8
"""The least score of a town, or of a name with one capital, at the start of a text: any first word has a capital."""
CODE_THRESHOLD = 0.9
"""The least score of a name in a program, where single words never count."""
NUMBER_THRESHOLD = 0.9
"""The least score of a postcode or a house number without other parts of an address."""

_ENTITIES = {
    "ADDRESS": "ADDRESS",
    "STREET": "ADDRESS",
    "BUILDING": "ADDRESS",
    "UNIT": "ADDRESS",
    "ZIP": "ADDRESS",
    "CITY": "LOCATION",
    "STATE": "LOCATION",
}
_ADDRESS = frozenset(_ENTITIES)
_NAMES = _ADDRESS | {"PERSON"}
_NUMBERS = frozenset({"PHONE_NUMBER", "CREDIT_CARD", "BANK_ACCOUNT", "US_SSN", "ZIP", "BUILDING"})
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
"""Things that agents number: models take "turn 4" for a street and a house number."""
_CODE = re.compile(r"[A-Z]{2,4}")
_COMPANY_AFTER = re.compile(
    r" (?:Outfitters|Traders|Trading|Logistics|Freight|Shipping|Foods|Bakery|Brewing|Coffee|Bank|Savings|Airlines"
    r"|Airways|Insurance|Mutual|Motors|Labs|Laboratories|Systems|Software|Technologies|Solutions|Networks|Media|Studios?|Group"
    r"|Holdings|Partners|Ventures|Capital|Industries|Supply|Supplies|Stores?|Markets?|Retail|Furniture|Electronics"
    r"|Pharmacy|Pharmaceuticals|Energy|Power|Utilities|Telecom|Wireless|Travel|Hotels?|Resorts?|Books|Publishing|Toys"
    r"|Apparel|Sports|Hardware|Tools|Gardens?|Nurser(?:y|ies)|Inc|Ltd|LLC|Corp|GmbH|AG|SA|BV|Co)\b"
)
"""Right after the name of a company that is called after a place: it names no place there."""
_ZIP = re.compile(r"\d{4,6}(?:-\d{3,4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d", re.IGNORECASE)
_SHAPES = {
    "ZIP": _ZIP,
    "BUILDING": re.compile(r"\d{1,6}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"),
    "PHONE_NUMBER": re.compile(
        r"(?=(?:\D*\d){6,17}\D*\Z)(?!\d+\Z)(?!97[89][ -]\d)(?!.*\d\)? [+/] )(?![\d,]+\.\d+\Z)(?!\d{1,3}(?:,\d{3})+\Z)"
        r"[\d\s()+.,/extEXT-]+"
    ),
    "EMAIL_ADDRESS": re.compile(r".*@.*", re.DOTALL),
}
_ADDRESS_WORDS = re.compile(
    r"(?i)\b(?:suite|apt|apartment|unit|ste|flat|room|rm|floor|building|bldg|box|street|st|avenue|ave|road|rd|lane|ln|drive|dr"
    r"|boulevard|blvd|court|ct|place|pl|way|terrace|circle|parkway|highway|square|close|crescent|trail|rue|via|calle|rua"
    r"|plaza|platz)\b|(?:straße|strasse|weg|gatan|vägen|gade|vej|straat|laan)\b"
)
_BRIDGE = re.compile(r"[\s,.#\-]*+(?:[^\W\d_]{0,10}\.?|(?:No|Nr|Apt):)[\s,.#\-]*")
_LONGEST_BRIDGE = 14
_POSTCODE_BRIDGE = re.compile(r"[\s,.]{0,3}(?:[A-Z]{1,3}-)?\d{4,8}(?: ?[A-Z]{2})?[\s,.]{1,2}")
"""A postcode between two parts of an address, which the model took for an ordinary number."""
_POSTCODE_AFTER = re.compile(
    r"[\s,.]{1,3}(?:[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]{1,2}-\d{4,6}"
    r"|[^\W\d_]+(?: [^\W\d_]+)?-\d{6})(?![\w-])"
)
"""A form that only postcodes have, right after an address: Canada, Netherlands, Britain, "H-7007", "Jaipur-765174"."""
_OPERATOR = re.compile(r"[=\[\]{}|]")
_ROOM_CODE = re.compile(r"(?=\w*[A-Za-z])(?=\w*\d)\w{1,6}")
_MEASURE = re.compile(r"(?:\d+\s?[A-Za-z/]{1,2}\s?)+")
"""Numbers with units: "8m 49s", "22 ng"."""
_UNIT_AFTER = re.compile(r"\s?(?:[kMGT]?(?:Wh?|B|Hz)|[kcm]?m[²³]?|[km]?g|m?l|rpm|psi|EUR|USD|GBP)\b|\s?[%€$£]")
_CODE_MARK = re.compile(r"[(){}\[\]=;<>\\|`]")
_CODE_REACH, _CODE_SHARE, _FEWEST_CODE_MARKS = 150, 0.05, 3
_NEIGHBOUR_REACH = 6
_NOT_TOGETHER = ({"BUILDING", "STATE"}, {"BUILDING"}, {"STATE"}, {"UNIT", "BUILDING"}, {"UNIT"}, {"STREET"})


def findings(text: str, entities: Iterable[Entity], recognizer: str, key_words: str = "") -> list[Hit]:
    """Turn a model's entities in a text into hits; both in characters of that text."""
    first = len(text) - len(text.lstrip())
    kept = [
        grown
        for entity in sorted(entities)
        if (grown := whole_words(text, entity)) is not None
        and not _is_technical(text, grown)
        and _counts(text, grown, key_words, first)
    ]
    neighbours = _Neighbours(kept)
    kept = [_with_postcode(text, entity) for entity in kept if _has_neighbour(text, entity, neighbours)]
    return [
        Hit(entity.start, entity.end, _ENTITIES.get(entity.label, entity.label), recognizer, entity.score)
        for entity in _bridge(text, kept)
    ]


def _is_code(text: str, entity: Entity) -> bool:
    """Whether the text around an entity is a program: much of it is brackets and operators."""
    around = text[max(0, entity.start - _CODE_REACH) : entity.end + _CODE_REACH]
    return len(_CODE_MARK.findall(around)) > max(_CODE_SHARE * len(around), _FEWEST_CODE_MARKS)


def _is_technical(text: str, entity: Entity) -> bool:
    """Whether a name or an address is a piece of a program, or a code such as "E501"."""
    value = text[entity.start : entity.end]
    if entity.label not in {"PERSON", "CITY", "ADDRESS"}:
        return False
    if (
        entity.label == "ADDRESS"
        and not _ZIP.fullmatch(value)
        and (_ROOM_CODE.fullmatch(value) or _MEASURE.fullmatch(value))
    ):
        return True
    if entity.label != "PERSON" and text[entity.start - 1 : entity.start] == "@":
        return True
    if _OPERATOR.search(value):
        return True
    return _is_code(text, entity) and (entity.score < CODE_THRESHOLD or " " not in value)


def _counts(text: str, entity: Entity, key_words: str, first: int) -> bool:
    """Whether an entity has the score, the form and the context that its label needs; `first` as in `_least`."""
    value = text[entity.start : entity.end]
    if entity.label == "ID_NUMBER":
        return entity.score >= ID_THRESHOLD and has_context(_ID_CONTEXT, text, entity.start, key_words)
    if entity.score < _least(entity, value, first) or len(value) < 2:  # noqa: PLR2004 - letters
        return False
    if entity.label == "ADDRESS" and not any(map(str.isalpha, value)) and entity.score < NUMBER_THRESHOLD:
        return False
    if _is_numbered_thing(text, entity, value, key_words):
        return False
    if entity.label in {"PERSON", "STREET", "CITY"}:
        is_thing = is_not_a_person(text, entity.start, entity.end) or (
            entity.label == "CITY" and _COMPANY_AFTER.match(text, entity.end) is not None
        )
        return not is_thing and any(map(str.isalpha, value)) and _CODE.fullmatch(value) is None
    shape = _SHAPES.get(entity.label)
    is_amount = entity.label == "PHONE_NUMBER" and _UNIT_AFTER.match(text, entity.end)
    return shape is None or (shape.fullmatch(value) is not None and not is_amount)


def _is_numbered_thing(text: str, entity: Entity, value: str, key_words: str) -> bool:
    """Whether an entity is a word for a number, the number of a thing, or a code such as "EKS"."""
    if entity.label in _ADDRESS - {"STATE"} and (_COUNTED.fullmatch(value) or _CODE.fullmatch(value)):
        return True
    if entity.label in _NAMES and is_word_for_a_number(text, entity.start, entity.end):
        return True
    is_number = entity.label in _NUMBERS or (entity.label in _ADDRESS and not any(map(str.isalpha, value)))
    return is_number and names_a_thing(text, entity.start, entity.end, key_words)


def _least(entity: Entity, value: str, first: int) -> float:
    """Return the least score of an entity as it is written; `first` is where the first word of the text starts."""
    if value.islower():
        return LOWER_CASE_THRESHOLD
    opens = entity.start <= first
    one_capital = not any(word[:1].isupper() for word in value.split()[1:])
    if opens and (entity.label == "CITY" or (entity.label == "PERSON" and " " in value and one_capital)):
        return OPENING_THRESHOLD
    return THRESHOLD


class _Neighbours:
    """Labels of parts of addresses, by their start and by their end."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._starts: dict[int, set[str]] = {}
        self._ends: dict[int, set[str]] = {}
        for entity in entities:
            if entity.label in _ADDRESS:
                self._starts.setdefault(entity.start, set()).add(entity.label)
                self._ends.setdefault(entity.end, set()).add(entity.label)

    def of(self, entity: Entity) -> Iterator[str]:
        """Yield the labels of parts that start shortly after an entity, or end shortly before it."""
        for distance in range(_NEIGHBOUR_REACH):
            yield from self._starts.get(entity.end + distance, ())
            yield from self._ends.get(entity.start - distance, ())


def _has_neighbour(text: str, entity: Entity, neighbours: _Neighbours) -> bool:
    """Whether a part of an address has a word of addresses in it ("Suite 4"), or another part next to it."""
    if entity.label not in {"BUILDING", "STATE", "UNIT", "STREET", "ZIP"}:
        return True
    if entity.label in {"UNIT", "STREET"} and _ADDRESS_WORDS.search(text, entity.start, entity.end):
        return True
    return any({entity.label, label} not in _NOT_TOGETHER for label in neighbours.of(entity))


def _with_postcode(text: str, entity: Entity) -> Entity:
    """Add the postcode after an address: the view masks it as an identifier, so the model cannot see it."""
    code = _POSTCODE_AFTER.match(text, entity.end) if entity.label in _ADDRESS - {"CITY"} else None
    return entity._replace(end=code.end()) if code else entity


def _bridge(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """Join the parts of one address over commas and a short word, those of one name over a space or an initial."""
    joined: list[Entity] = []
    for entity in entities:
        last = joined[-1] if joined else None
        if last is not None and _belong_together(text, last, entity):
            label = last.label if last.label == entity.label else "STREET"
            joined[-1] = last._replace(end=max(last.end, entity.end), label=label, score=max(last.score, entity.score))
        else:
            joined.append(entity)
    return joined


def _belong_together(text: str, first: Entity, second: Entity) -> bool:
    gap = text[first.end : second.start]
    if second.start < first.end:
        return first.label == second.label or {first.label, second.label} <= _ADDRESS
    if first.label in _ADDRESS and second.label in _ADDRESS:
        if first.label != "CITY" and _POSTCODE_BRIDGE.fullmatch(gap):
            return True
        return len(gap) <= _LONGEST_BRIDGE and _BRIDGE.fullmatch(gap) is not None
    if first.label == second.label == "PERSON":
        return re.fullmatch(r"[ \t'\u2019-]|\.? [A-Z]\.? |\. ", gap) is not None
    return False
