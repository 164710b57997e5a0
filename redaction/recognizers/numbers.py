"""Bare numbers: those of JSON, and the typed values of OTLP. They have lost how they were written.

Leading zeros are gone, and a float has an exponent or ".0" behind it. The key decides what a number is; without a key
only what carries its own proof counts: check digits, and the prefix and the length of an issuer.
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
"""Digits of the shortest number that is PII under any key: a card of Diners Club."""
FLOAT = re.compile(r"[+-]?\d{1,25}(?:\.\d{1,25}(?:[eE][+-]?\d{1,2})?|[eE][+-]?\d{1,2})")
"""A number with a point or an exponent, as programs write it, where it is the whole of a string."""
_NUMBER = re.compile(r"[+-]?\d*(?:\.\d*)?(?:[eE][+-]?\d+)?")
_FIRST_PROOF = 10 ** (SHORTEST_PROOF - 1)
_BEYOND_ALL = 10**309
_LONGEST = 40  # characters of a number, and places before or behind its point
_LONGEST_ISSUED = 16
"""Digits of nearly all cards; a longer id is drawn at random far more often."""


def written_out(number: str) -> str:
    """Write a number without exponent and needless zeros: "4.5e3" is "4500", "7.0" is "7"; else it stays as it is."""
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
    """Return how far from zero a number may be under a key and is certain to be no PII; 0 where each must be read."""
    if key.marks_numbers:
        return 0
    if key.quantity:
        return _BEYOND_ALL
    return 0 if key.context or analyzer.has_more else _FIRST_PROOF


def marks_numbers(key: str) -> bool:
    """Return whether a key may say of a bare number that it is PII."""
    return classify((key,)).marks_numbers


def by_key(text: str, key: KeyClass) -> str | None:
    """Name the entity that the key alone makes of a number."""
    if not key.marks_numbers:
        return None
    if _NUMBER.fullmatch(text) is None:  # a date or a telephone number without quotes: no JSON, but somebody wrote it
        return whole_value(key, text)
    return whole_value(key, written_out(text).lstrip("+-"), number=True)


def by_proof(text: str, key: KeyClass, analyzer: Analyzer) -> list[Hit]:
    """Return what proves by itself, or together with a word of the key, that a number is PII."""
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
