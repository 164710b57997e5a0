"""Bare numbers: numbers of JSON and typed values of OTLP, without their original spelling.

Leading zeros are lost, and a float ends in an exponent or ".0". The key decides what a number is; without one, a number
must prove itself by check digits, or by the prefix and the length of an issuer.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from redaction.recognizers.keys import classify, whole_value

if TYPE_CHECKING:
    from redaction.recognizers.analyzer import Analyzer
    from redaction.recognizers.keys import KeyClass
    from redaction.text import Hit

KEY_RECOGNIZER = "KeyRecognizer"
SHORTEST_PROOF = 14
"""Digits of the shortest number that is PII under every key: a card of Diners Club."""
FLOAT = re.compile(r"[+-]?\d{1,25}(?:\.\d{1,25}(?:[eE][+-]?\d{1,2})?|[eE][+-]?\d{1,2})")
"""A string that is a number with a point or an exponent, as programs write it."""
_NUMBER = re.compile(r"[+-]?\d*(?:\.\d*)?(?:[eE][+-]?\d+)?")
_FIRST_PROOF = 10 ** (SHORTEST_PROOF - 1)
_BEYOND_ALL = 10**309
_LONGEST = 40  # characters of a number, and places before or behind its point
_LONGEST_ISSUED = 16
"""Digits of nearly all cards; longer ids are mostly random."""


def written_out(number: str) -> str:
    """Write a number without exponent and trailing zeros: "4.5e3" is "4500", "7.0" is "7"; else return it unchanged."""
    if number.isdecimal() or len(number) > _LONGEST:
        return number
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST:
        return number
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def harmless_below(key: KeyClass, analyzer: Analyzer) -> int:
    """Return a bound: numbers closer to zero are certainly no PII under a key. 0: every number must be read."""
    if key.marks_numbers:
        return 0
    if key.quantity:
        return _BEYOND_ALL
    return 0 if key.context or analyzer.has_more else _FIRST_PROOF


def marks_numbers(key: str) -> bool:
    """Whether bare numbers may be PII because of a key."""
    return classify((key,)).marks_numbers


def by_key(text: str, key: KeyClass) -> str | None:
    """Return the entity of a number by its key alone, None if there is none."""
    if not key.marks_numbers:
        return None
    if _NUMBER.fullmatch(text) is None:  # a date or a telephone number without quotes: no JSON, but it occurs
        return whole_value(key, text)
    return whole_value(key, written_out(text).lstrip("+-"), number=True)


def by_proof(text: str, key: KeyClass, analyzer: Analyzer) -> list[Hit]:
    """Return the hits on a number that proves itself to be PII, with or without a context word of its key."""
    if _NUMBER.fullmatch(text) is None:
        return analyzer.find(text, key.context)
    digits = written_out(text).lstrip("+-")
    if key.quantity or not digits.isdecimal() or len(digits) > _LONGEST:
        return []
    if len(digits) < SHORTEST_PROOF and not key.context and not analyzer.has_more:
        return []
    hits = analyzer.find_number(digits, key.context)
    if key.identifier and len(digits) > _LONGEST_ISSUED:
        hits = [hit for hit in hits if hit.entity != "CREDIT_CARD"]
    return [hit._replace(start=0, end=len(text)) for hit in hits]
