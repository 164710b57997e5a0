"""What goes into redaction and what comes out of it."""

from __future__ import annotations

import re
from typing import NamedTuple

UNREDACTABLE = "UNREDACTABLE"
"""Entity of the one finding of a text that could not be redacted and was removed whole."""

PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]{2,40}(?::(?:[0-9a-f]{4,16}|\*[0-9A-Z]{4}))?>")
"""What is written for a finding, so that redacting a redacted text leaves it alone."""


class Text(NamedTuple):
    """One string value to redact.

    `key` is the attribute key that the value stood under ("user.email"): it is context, as a word before it would be.
    `structured` marks ids, enumerations and numbers: only rules look at them, the NER model does not.
    `number` marks a value that was a number and no string, as redaction.recognizers.numbers writes it.
    """

    text: str
    key: str = ""
    structured: bool = False
    number: bool = False


class Finding(NamedTuple):
    """One piece of PII or secret that was replaced.

    `start` and `end` count characters of the original text, escapes included where it is JSON. `score` is 0 to 1.
    """

    start: int
    end: int
    entity: str
    recognizer: str
    score: float


class Decision(NamedTuple):
    """What was decided about one finding, and why.

    `context` is the word or key that supported it; `written` stands in its place, and is empty where it was left;
    `reason` says why it was left.
    """

    finding: Finding
    context: str
    action: str
    written: str = ""
    reason: str = ""


class Explanation(NamedTuple):
    """What became of a text, and the decisions about all that was found in it, in the order of the text."""

    redacted: Redacted
    decisions: tuple[Decision, ...] = ()


class Redacted(NamedTuple):
    """A text with every finding replaced; findings are in the order of the text and do not overlap."""

    text: str
    findings: tuple[Finding, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the text was removed whole because it could not be redacted."""
        return any(finding.entity == UNREDACTABLE for finding in self.findings)


class Hit(NamedTuple):
    """A match of one rule, in characters of the text that was searched."""

    start: int
    end: int
    entity: str
    recognizer: str
    score: float
