"""Writes replacements into the raw text; everything around them stays as it is, byte for byte."""

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
    """A finding in characters of the raw text.

    `quote` goes around its placeholder if it replaces a bare JSON number. `ordinal` is the number of the key in its
    object, from 1, if the finding is in a key, else 0: the redacted keys of an object must stay different.
    """

    finding: Finding
    quote: str = ""
    ordinal: int = 0

    def moved(self, by: int) -> Splice:
        """Return the same splice, `by` characters later."""
        start, end, entity, recognizer, score = self.finding
        return Splice(Finding(start + by, end + by, entity, recognizer, score), self.quote, self.ordinal)


def place(leaf: Leaf, hit: Hit) -> Splice:
    """Return the splice of a hit in a leaf, in characters of the raw text."""
    start, end = leaf.encoded or (leaf.places[hit.start], leaf.places[hit.end])
    finding = Finding(start, end, hit.entity, hit.recognizer, round(hit.score, 4))
    return Splice(finding, leaf.quote if leaf.kind == "number" else "", leaf.ordinal)


def apart(splices: Iterable[Splice]) -> tuple[Splice, ...]:
    """Sort splices; those that overlap, in a stretch that can only be replaced as one, become one."""
    kept: list[Splice] = []
    for splice in sorted(splices):
        if kept and splice.finding.start < kept[-1].finding.end:
            end = max(kept[-1].finding.end, splice.finding.end)
            kept[-1] = kept[-1]._replace(finding=kept[-1].finding._replace(end=end))
        else:
            kept.append(splice)
    return tuple(kept)


def spliced(text: str, splices: Sequence[Splice], operators: Operators) -> Redacted:
    """Replace every finding; a text without findings is returned as it is, one with something to drop as a marker."""
    if not splices:
        return Redacted(text)
    findings = tuple([splice.finding for splice in splices])
    plain: dict[str, str] = {}  # replacement by entity, "" if it depends on the finding
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
