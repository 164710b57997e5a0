"""One rule for keys: which key makes which values PII."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Values under keys that match `key` are PII of one entity, if the whole value matches `value`.

    `key` is matched against the whole last key in snake_case. `number` is what a bare number must match, as
    redaction.numbers writes it: it has lost its leading zeros. None: no number is PII there.
    """

    entity: str
    key: re.Pattern[str]
    value: re.Pattern[str]
    number: re.Pattern[str] | None = None


def rule_of(entity: str, key: str, value: str, *, number: str = "") -> KeyRule:
    """Return the rule of these patterns; without `number` no bare number is PII."""
    return KeyRule(entity, re.compile(key), re.compile(value, re.DOTALL), re.compile(number) if number else None)
