"""Phone numbers: cheap candidates first, then Google's numbering plans for the regions that are asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import phonenumbers

from redaction.recognizers.base import Search, TextRecognizer, has_context, words
from redaction.text import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "IN", "BR", "AU", "NL", "SE", "CH", "MX", "JP", "PL")

_CANDIDATE = re.compile(
    r"(?<![\w#$€£%+./-])(?<!\d,)"
    r"(?:\+|00)?\(?\d(?:[\d/]|(?:[^\S\n]|[.()/-]){1,2}(?=[\d(+])|\)){5,22}"
    r"(?:(?:\s?(?:x|ext\.?|extension)\s?)\d{1,6})?(?![\w@%]|[.,]\d|-\d)",
    re.IGNORECASE | re.ASCII,
)
_INTERNATIONAL = re.compile(r"(?<![\w+])\+\(?[1-9](?:[ .()/-]{0,2}\d){5,14}(?!\d)", re.ASCII)
_CONTEXT = words(
    "phones?",
    "telephone",
    "tel",
    "mobile",
    "cell(?:phone)?",
    "fax",
    "call(?:ed|ing|er)?",
    "text",
    "sms",
    "whatsapp",
    "ring",
    "reach(?:ed)?",
    "contact",
    "dial(?:ed|led)?",
    "answering",
    "number is",
    "hotline",
    "pager",
    "line",
)
_NOT_CALLED = re.compile(
    r"(?<!\w)(?:orders?|invoice|isbn|error|tracking|parcel|serial|part|batch|lot|sku|article|meter)"
    r"(?:\s(?:no\.?|numbers?|code|id|reading))?[\s:#]{0,3}\Z",
    re.IGNORECASE,
)
"""What is numbered, right before its number."""
_SAID = re.compile(
    r"(?<!\w)(?:(?:tele)?phone|tel|mobile|fax|whatsapp|(?:contact|cell(?:phone)?)(?=\s(?:no|num)))"
    r"(?:\.|\s(?:no\.?|numbers?))?(?:\s(?:is|at)|:)?\s{1,2}\Z"
    r"|(?<!\w)(?:call|ring|reach|text|dial)\s(?:me|us|him|her|them)\s(?:at|on)\s\Z",
    re.IGNORECASE,
)
"""What says, right before a number, that it is one to call, whether a plan knows it or not."""
_REACH = 24
_CONTEXT_AFTER = re.compile(r"[\s,(\\-]{1,3}(?:office|fax|mobile|cell|home|work|desk|phone|tel)\b", re.IGNORECASE)
_DATE = re.compile(
    r"(?:19|20)\d\d[-/. ](?:0?[1-9]|1[0-2])(?:[-/. ]\d{1,2})?(?:\D.*)?|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d(?:\D.*)?"
    r"|(?:19|20)\d\d\s?-\s?(?:19|20)\d\d"
)
_NATIONAL_SHAPE = re.compile(r"\(\d{2,5}\)|\d[ .-]\d{2,}[ .-]\d|(?<!\d)\d{3}-\d{4}$|\A0\d{1,5}/\d{4,}")
_VERSION = re.compile(r"\.\d(?:\.|\Z)")
"""A group of one digit between dots: "24.04.9.2", never a telephone number."""
_GROUPS_OF_AMOUNTS = re.compile(r"\d{1,3}(?: \d{3})+")
_FEWEST_DIGITS, _MOST_DIGITS = 7, 18
_SEVEN_DIGITS = re.compile(r"\d(?:[\s.()+/-]{0,3}\d){6}")
_MOST_NATIONAL_DIGITS = 13


class TelephoneRecognizer(TextRecognizer):
    """Numbers with a country code anywhere, numbers in a national shape, bare runs of digits near a telling word."""

    def __init__(self, regions: Sequence[str] = REGIONS) -> None:
        super().__init__("TelephoneRecognizer", ["PHONE_NUMBER"])
        self._regions = tuple(regions)
        for region in self._regions:  # loaded when first asked for, which some text would pay for
            phonenumbers.PhoneMetadata.metadata_for_region(region)

    def searches(self) -> list[Search]:
        """All phone numbers; a number that a limit has cut counts as long as it has a country code."""
        return [Search(_INTERNATIONAL, self._international), Search(_SEVEN_DIGITS, self._in_plans)]

    def _international(self, text: str, key_words: str) -> Iterator[Hit]:
        del key_words  # the plus says enough
        for match in _INTERNATIONAL.finditer(text):
            yield Hit(match.start(), match.end(), "PHONE_NUMBER", self.name, 0.9)

    def _in_plans(self, text: str, key_words: str) -> Iterator[Hit]:
        for match in _CANDIDATE.finditer(text):
            value = match.group().rstrip(" .-(/")
            if "(" not in value:
                value = value.rstrip(")")
            digits = sum(map(str.isdecimal, value))
            if not _FEWEST_DIGITS <= digits <= _MOST_DIGITS or _DATE.fullmatch(value.strip("()")):
                continue
            if _VERSION.search(value):
                continue
            if digits > _MOST_NATIONAL_DIGITS and not value.startswith(("+", "(+", "00")) and "x" not in value.lower():
                continue
            end = match.start() + len(value)
            bare = value.isdecimal()
            if bare and text[match.start() - 1 : match.start()] in {"=", ":", '"', "'"}:
                continue  # the value of a field: the rules for keys decide
            told = has_context(_CONTEXT, text, match.start(), key_words) or _CONTEXT_AFTER.match(text, end) is not None
            before = text[max(0, match.start() - _REACH) : match.start()]
            if not told and _NOT_CALLED.search(before):
                continue
            shaped = _NATIONAL_SHAPE.search(value) is not None and _GROUPS_OF_AMOUNTS.fullmatch(value) is None
            said = told and _SAID.search(before) is not None
            if said or (told and shaped) or ((told or shaped) and _is_valid(value, self._regions)):
                yield Hit(match.start(), end, "PHONE_NUMBER", self.name, 0.75 if told else 0.6)


def _is_valid(value: str, regions: tuple[str, ...]) -> bool:
    for region in regions[:1] if value.startswith("+") else regions:  # a country code says which plan holds
        try:
            number = phonenumbers.parse(value, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False


def recognizers() -> list[TextRecognizer]:
    """Return the recognisers of this family."""
    return [TelephoneRecognizer()]
