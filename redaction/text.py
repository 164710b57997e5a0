"""Input and output of redaction: texts, hits, findings, redacted texts."""

from __future__ import annotations

import re
from typing import NamedTuple

UNREDACTABLE = "UNREDACTABLE"
"""Entity of the only finding of a text that could not be redacted and was removed."""

PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]{2,40}(?::(?:[0-9a-f]{4,16}|\*[0-9A-Z]{4}))?>")
"""A placeholder, as it is written in place of a finding. Redacting a text again leaves its placeholders unchanged."""


class Text(NamedTuple):
    """One string value to redact.

    `key` is the attribute key of the value ("user.email"). It is context, as a word before the value would be.
    `structured` marks ids, enumerations and numbers: only rules read them, the NER model does not.
    `number` marks a value that was a number, not a string, written as redaction.recognizers.numbers does.
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
    """The decision about one finding, and its reason.

    `context` is the word or key that supported the finding. `written` is what replaced it, empty if it was kept;
    `reason` says why it was kept.
    """

    finding: Finding
    context: str
    action: str
    written: str = ""
    reason: str = ""


class Explanation(NamedTuple):
    """A redacted text, and the decisions about all findings and refused hits, in the order of the text."""

    redacted: Redacted
    decisions: tuple[Decision, ...] = ()


class Redacted(NamedTuple):
    """A text with every finding replaced; findings are in the order of the text and do not overlap."""

    text: str
    findings: tuple[Finding, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the text was removed because it could not be redacted."""
        return any(finding.entity == UNREDACTABLE for finding in self.findings)


class Hit(NamedTuple):
    """A match of one rule, in characters of the text that was searched."""

    start: int
    end: int
    entity: str
    recognizer: str
    score: float
