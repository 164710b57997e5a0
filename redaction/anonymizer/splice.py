"""Writes placeholders into the raw text, so that everything around them stays byte for byte what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from redaction.anonymizer.operators import FIELD_DROPPED, numbered, replace
from redaction.recognizers.numbers import written_out
from redaction.text import Finding, Redacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redaction.anonymizer.operators import Operators
    from redaction.leaves.json_text import Leaf
    from redaction.text import Hit


class Splice(NamedTuple):
    """A finding in raw characters.

    `quote` goes around its placeholder, where it replaces a bare JSON number. `ordinal` says which key of its object it
    stands in, from 1, and 0 elsewhere: the keys of an object must not become one.
    """

    finding: Finding
    quote: str = ""
    ordinal: int = 0

    def moved(self, by: int) -> Splice:
        """Return the same further on."""
        start, end, entity, recognizer, score = self.finding
        return Splice(Finding(start + by, end + by, entity, recognizer, score), self.quote, self.ordinal)


def place(leaf: Leaf, hit: Hit) -> Splice:
    """Find the raw characters of a hit in a leaf."""
    start, end = leaf.whole or (leaf.places[hit.start], leaf.places[hit.end])
    finding = Finding(start, end, hit.entity, hit.recognizer, round(hit.score, 4))
    return Splice(finding, leaf.quote if leaf.kind == "number" else "", leaf.ordinal)


def apart(splices: Iterable[Splice]) -> tuple[Splice, ...]:
    """Put splices in order; several in a stretch that can only be replaced whole become one."""
    kept: list[Splice] = []
    for splice in sorted(splices):
        if kept and splice.finding.start < kept[-1].finding.end:
            end = max(kept[-1].finding.end, splice.finding.end)
            kept[-1] = kept[-1]._replace(finding=kept[-1].finding._replace(end=end))
        else:
            kept.append(splice)
    return tuple(kept)


def spliced(text: str, splices: Sequence[Splice], operators: Operators) -> Redacted:
    """Replace every finding; a text without any comes back as it was, one with something to drop as a marker."""
    if not splices:
        return Redacted(text)
    findings = tuple([splice.finding for splice in splices])
    plain: dict[str, str] = {}  # what is written for each entity, "" where that depends on the finding
    for finding in findings:
        entity = finding.entity
        if entity not in plain:
            action = operators.action(entity)
            if action == "drop":
                return Redacted(FIELD_DROPPED, findings)
            plain[entity] = replace(entity) if action == "replace" else ""
    parts: list[str] = []
    position = 0
    for (start, end, entity, _, _), quote, ordinal in splices:
        raw = written_out(text[start:end]) if quote else text[start:end]
        written = plain[entity] or operators.write(entity, raw)
        if written == replace(entity):
            written = numbered(written, ordinal)
        parts += text[position:start], f"{quote}{written}{quote}" if quote else written
        position = end
    parts.append(text[position:])
    return Redacted("".join(parts), findings)
