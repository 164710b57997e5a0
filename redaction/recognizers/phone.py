"""Telephone numbers: candidates by a pattern, judged by context and form, then by the numbering plans of regions."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

import phonenumbers

from redaction.recognizers.base import Search, TextRecognizer, has_context, words
from redaction.recognizers.numbered_things import names_a_thing
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
_ANNOUNCED = re.compile(
    r"(?<!\w)(?:(?:tele)?phone|tel|mobile|fax|whatsapp|(?:contact|cell(?:phone)?)(?=\s(?:no|num)))"
    r"(?:\.|\s(?:no\.?|numbers?))?(?:\s(?:is|at)|:)?\s{1,2}\Z"
    r"|(?<!\w)(?:call|ring|reach|text|dial)\s(?:me|us|him|her|them)\s(?:at|on)\s\Z",
    re.IGNORECASE,
)
"""Words right before a telephone number, which counts then even if no numbering plan knows it."""
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
    """Finds numbers with a country code, numbers in a national shape, and bare runs of digits near a context word."""

    def __init__(self, regions: Sequence[str] = REGIONS) -> None:
        super().__init__("TelephoneRecognizer", ["PHONE_NUMBER"])
        self._regions = tuple(regions)
        for region in self._regions:  # they load at the first use, which would slow some text
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
            candidate = Candidate(text, match.start(), match.group(), key_words)
            if candidate.is_something_else:
                continue
            verdict = judge(
                context=candidate.has_context, announced=candidate.is_announced, shaped=candidate.has_national_shape
            )
            if verdict is Verdict.PHONE or (verdict is Verdict.ASK_PLANS and _is_valid(candidate.value, self._regions)):
                score = 0.75 if candidate.has_context else 0.6
                yield Hit(candidate.start, candidate.end, "PHONE_NUMBER", self.name, score)


class Candidate:
    """A run of digits that may be a telephone number, and what stands around it.

    `value` is the run without punctuation at its end, `start` and `end` are its place in the text, and `digits` is how
    many digits it has.
    """

    def __init__(self, text: str, start: int, run: str, key_words: str = "") -> None:
        value = run.rstrip(" .-(/")
        self.value = value if "(" in value else value.rstrip(")")
        self.start = start
        self.end = start + len(self.value)
        self.digits = sum(map(str.isdecimal, self.value))
        self._text = text
        self._key_words = key_words
        self._has_context: bool | None = None  # not yet looked for

    @property
    def is_something_else(self) -> bool:
        """Whether its form or the text before it says that it is another number."""
        return (
            not self.has_length
            or self.is_date
            or self.is_version
            or self.is_too_long_without_prefix
            or self.is_value_of_field
            or self.is_numbered_thing
        )

    @property
    def has_length(self) -> bool:
        """Whether it has as many digits as telephone numbers have, extension included."""
        return _FEWEST_DIGITS <= self.digits <= _MOST_DIGITS

    @property
    def is_date(self) -> bool:
        """Whether it is a date, a time after a date, or two years."""
        return _DATE.fullmatch(self.value.strip("()")) is not None

    @property
    def is_version(self) -> bool:
        """Whether it has a group of one digit between dots."""
        return _VERSION.search(self.value) is not None

    @property
    def is_too_long_without_prefix(self) -> bool:
        """Whether it is too long for a national number, and has neither a country code nor an extension."""
        if self.digits <= _MOST_NATIONAL_DIGITS:
            return False
        return not self.value.startswith(("+", "(+", "00")) and "x" not in self.value.lower()

    @property
    def is_value_of_field(self) -> bool:
        """Whether it is nothing but digits right behind a key or a quote: there the rules for keys decide."""
        return self.value.isdecimal() and self._text[self.start - 1 : self.start] in {"=", ":", '"', "'"}

    @property
    def has_context(self) -> bool:
        """Whether a word near it, or in its key, is about telephones."""
        if self._has_context is None:
            self._has_context = (
                has_context(_CONTEXT, self._text, self.start, self._key_words)
                or _CONTEXT_AFTER.match(self._text, self.end) is not None
            )
        return self._has_context

    @property
    def is_numbered_thing(self) -> bool:
        """Whether it is the number of an order or the like, and neither words nor its key call it a telephone."""
        if self.is_announced or _CONTEXT.search(self._key_words) or _CONTEXT_AFTER.match(self._text, self.end):
            return False
        return not self.value.startswith("+") and names_a_thing(self._text, self.start, self.end, self._key_words)

    @property
    def is_announced(self) -> bool:
        """Whether the words right before it announce a telephone number."""
        return self.has_context and _ANNOUNCED.search(self._before) is not None

    @property
    def has_national_shape(self) -> bool:
        """Whether it is grouped as telephone numbers are and amounts are not."""
        return _NATIONAL_SHAPE.search(self.value) is not None and _GROUPS_OF_AMOUNTS.fullmatch(self.value) is None

    @property
    def _before(self) -> str:
        return self._text[max(0, self.start - _REACH) : self.start]


class Verdict(Enum):
    """What is known of a candidate before the numbering plans are asked, which is slow."""

    PHONE = "phone"
    ASK_PLANS = "ask the numbering plans"
    NO_PHONE = "no phone"


def judge(*, context: bool, announced: bool, shaped: bool) -> Verdict:
    """Decide by a word near a candidate (`context`), the words right before it (`announced`) and its groups."""
    if announced or (context and shaped):
        return Verdict.PHONE
    return Verdict.ASK_PLANS if context or shaped else Verdict.NO_PHONE


def _is_valid(value: str, regions: tuple[str, ...]) -> bool:
    for region in regions[:1] if value.startswith("+") else regions:  # the country code selects the plan
        try:
            number = phonenumbers.parse(value, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False


def recognizers() -> list[TextRecognizer]:
    """Return the recognizers of this family."""
    return [TelephoneRecognizer()]
