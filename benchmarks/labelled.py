"""Scores redaction on labelled text: rows of {"text", "spans": [[start, end, type]]}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from redaction.text import Redacted

_SOFT = "ORGANIZATION DATE_TIME NRP TITLE AGE GPE PREFIX DOMAIN_NAME LOCATION ORG COMPANY DATE NATIONALITY TIME"
SOFT = frozenset(_SOFT.split())
"""Label types that do not count: neither as missed nor as false findings."""


class Score(NamedTuple):
    """Counts: `wanted` spans, of which `touched` in part and `whole`; `found` findings, of which `right`."""

    wanted: int
    touched: int
    whole: int
    found: int
    right: int

    @property
    def any_of(self) -> float:
        """Share of the spans with at least one replaced letter or digit."""
        return self.touched / max(self.wanted, 1)

    @property
    def every(self) -> float:
        """Share of the spans with every letter and digit replaced."""
        return self.whole / max(self.wanted, 1)

    @property
    def precision(self) -> float:
        """Share of the findings that touch a label."""
        return self.right / max(self.found, 1)


def score(rows: Iterable[Mapping[str, Any]], answers: Iterable[Redacted]) -> Score:
    """Compare the findings in each row's text with its labels."""
    wanted = touched = whole = found = right = 0
    for row, answer in zip(rows, answers, strict=True):
        text = row["text"]
        labelled, hits = _covered(len(text), row["spans"]), _covered(len(text), answer.findings)
        for start, end, kind in row["spans"]:
            places = [hits[index] for index in range(start, end) if text[index].isalnum()]
            if places and kind not in SOFT:
                wanted, touched, whole = wanted + 1, touched + any(places), whole + all(places)
        found += len(answer.findings)
        right += sum(any(labelled[finding.start : finding.end]) for finding in answer.findings)
    return Score(wanted, touched, whole, found, right)


def _covered(size: int, spans: Iterable[Sequence[Any]]) -> bytearray:
    """Return a byte per character: 1 inside a span, otherwise 0."""
    marks = bytearray(size)
    for start, end, *_ in spans:
        marks[start:end] = b"\1" * (end - start)
    return marks
