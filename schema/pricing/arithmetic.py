"""Counts that contradict their own definition, put right by arithmetic: one place for every dialect and provider.

By definition the input includes the cached and cache-written tokens, and the output the reasoning ones. Many senders
count them beside it. The numbers themselves tell: a part cannot be larger than the whole, and the total adds up in one
way only. What cannot be decided stays as it was sent, with a note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from schema.pricing.usage import NO_UNITS, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

CACHE_ADDED: Final = "cached tokens added to the input"
THOUGHTS_ADDED: Final = "reasoning tokens added to the output"
TOTAL_DIFFERS: Final = "the counts do not add up to the total"
TWO_READINGS: Final = "the total can be read in two ways"


class Counts(NamedTuple):
    """Counts as somebody sent them; None is unknown."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    written: int | None = None
    reasoning: int | None = None
    total: int | None = None
    units: Mapping[str, int] = NO_UNITS
    cache_outside: bool = False  # the shape says that cached and written tokens lie beside the input
    thoughts_outside: bool = False  # the shape says that reasoning tokens lie beside the output


class _Reading(NamedTuple):
    """One way to understand the counts."""

    cached: bool  # beside the input
    written: bool
    reasoning: bool  # beside the output


_AS_DEFINED: Final = _Reading(cached=False, written=False, reasoning=False)
_CACHES: Final = ((False, False), (True, True), (False, True), (True, False))  # the likelier first


def settled(sent: Counts) -> tuple[Usage, str]:
    """Return the counts by their definition, and what was corrected or cannot be decided ("" if nothing)."""
    as_sent = Usage(sent.input, sent.output, sent.cached, sent.written, sent.reasoning, sent.units)
    plain = None if sent.input is None or sent.output is None else sent.input + sent.output
    if not (sent.cached or sent.written or sent.reasoning):
        return as_sent, "" if sent.total is None or plain is None or sent.total == plain else TOTAL_DIFFERS
    by_definition = not sent.cache_outside and not sent.thoughts_outside if sent.total is None else sent.total == plain
    if by_definition and _fits(sent):
        return as_sent, ""  # most calls
    possible = _possible(sent)
    shape = _Reading(sent.cache_outside, sent.cache_outside, sent.thoughts_outside and bool(sent.reasoning))
    reading, note = shape if shape in possible else possible[0], ""
    if sent.total is not None and sent.input is not None and sent.output is not None:
        fitting = [each for each in possible if _adds_up(sent, each)]
        if len({_usage(sent, each)[:2] for each in fitting}) == 1:
            reading = fitting[0]
        elif fitting:
            note = "" if reading in fitting else TWO_READINGS
        elif sent.total != plain:  # many totals are just these two, whatever lies beside them
            note = TOTAL_DIFFERS
    return _usage(sent, reading), note or _corrected(sent, reading, shape)


def _fits(sent: Counts) -> bool:
    """Tell whether the parts can lie inside their wholes."""
    cache = (sent.cached or 0) + (sent.written or 0)
    return (sent.input is None or cache <= sent.input) and (sent.output is None or (sent.reasoning or 0) <= sent.output)


def _possible(sent: Counts) -> list[_Reading]:
    """Return the readings in which no part is larger than its whole; all of them where the wholes are unknown."""
    found = []
    for cached, written in _CACHES:
        inside = (sent.cached or 0) * (not cached) + (sent.written or 0) * (not written)
        if sent.input is None or inside <= sent.input:
            thoughts = sent.reasoning or 0
            if sent.output is None or thoughts <= sent.output:
                found.append(_Reading(cached, written, reasoning=False))
            if sent.output is not None and thoughts:
                found.append(_Reading(cached, written, reasoning=True))
    return found


def _usage(sent: Counts, reading: _Reading) -> Usage:
    used, output = sent.input, sent.output
    if used is not None:
        used += (sent.cached or 0) * reading.cached + (sent.written or 0) * reading.written
    if output is not None:
        output += (sent.reasoning or 0) * reading.reasoning
    return Usage(used, output, sent.cached, sent.written, sent.reasoning, sent.units)


def _adds_up(sent: Counts, reading: _Reading) -> bool:
    usage = _usage(sent, reading)
    if sent.total is None or usage.input_tokens is None or usage.output_tokens is None:
        return True
    return sent.total == usage.input_tokens + usage.output_tokens


def _corrected(sent: Counts, reading: _Reading, shape: _Reading) -> str:
    """Return what was added that neither the definition nor the shape says."""
    notes = []
    if (reading.cached and sent.cached and not shape.cached) or (
        reading.written and sent.written and not shape.written
    ):
        notes.append(CACHE_ADDED)
    if reading.reasoning and not shape.reasoning:
        notes.append(THOUGHTS_ADDED)
    return ", ".join(notes)
