"""What the attributes of a span feed, worked out once for every set of keys that a sender uses."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

from schema.dialects import DIALECTS
from schema.dialects.rules import NO_RULE, Rule, Rules, Use, rules_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schema.policy import AttributeKeys

_ROOM: Final = 50_000
"""Keys, over all remembered plans of one set of rules; senders choose the keys."""

_T = TypeVar("_T")

Ranked: TypeAlias = tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
"""Context columns with the places that may name them: (column, ((place, rank), ...))."""


class Source(NamedTuple):
    """A part of a span's content: the attributes (by place) that hold it; several if their keys are indexed."""

    rule: Rule
    places: tuple[int, ...]


class Plan(NamedTuple):
    """Where, among the attributes of a span, to look for what; every list has the strongest first.

    A place is an attribute's position on the span. Which of several places wins depends on which of them hold a value.
    """

    dialects: tuple[tuple[int, int], ...]  # (place, dialect)
    columns: tuple[tuple[str, tuple[int, ...]], ...]  # (column, places)
    kinds: tuple[tuple[int, Mapping[str, str]], ...]  # (place, value in lower case: kind)
    failures: tuple[tuple[int, frozenset[str]], ...]  # (place, values that mean failure)
    usage: tuple[int, ...]
    told: tuple[int, ...]
    metadata: tuple[int, ...]
    operator: Ranked
    associated: Ranked
    named: Ranked
    input: tuple[Source, ...]
    output: tuple[Source, ...]


class Plans:
    """The plans that the keys of recent spans needed, under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._known: dict[tuple[str, ...], Plan] = {}
        self._room = _ROOM

    def plan(self, keys: tuple[str, ...]) -> Plan:
        """Return the plan for a span whose attributes have these keys, in this order."""
        found = self._known.get(keys)
        if found is None:
            found = _plan(keys, self.rules)
            self._room -= len(keys) + 1
            if self._room < 0:
                self._known.clear()
                self._room = _ROOM
            self._known[keys] = found
        return found


@lru_cache(maxsize=256)
def plans_for(keys: AttributeKeys, spoken: tuple[int, ...]) -> Plans:
    """Return the plans of spans: under the policy's context keys and the scoped dialects that they speak."""
    return Plans(rules_for(keys, spoken))


def _plan(keys: tuple[str, ...], rules: Rules) -> Plan:
    fed = [(place, rule) for place, key in enumerate(keys) if (rule := rules[key]) is not NO_RULE]
    by_use: dict[Use, list[tuple[int, Rule]]] = {}
    for place, rule in sorted(fed, key=lambda item: item[1].rank):
        by_use.setdefault(rule.use, []).append((place, rule))
    of = by_use.get
    return Plan(
        dialects=tuple(_best((rule.dialect, place) for place, rule in fed)),
        columns=_grouped((rule.slot, place) for place, rule in of(Use.COLUMN, ())),
        kinds=tuple((place, rule.values) for place, rule in of(Use.KIND, ()) if isinstance(rule.values, dict)),
        failures=tuple((place, frozenset(rule.values)) for place, rule in of(Use.FAILURE, ())),
        usage=_places(of(Use.USAGE, ())),
        told=_places(of(Use.TOLD, ())),
        metadata=_places(of(Use.METADATA, ())),
        operator=_ranked(of(Use.OPERATOR, ())),
        associated=_ranked(of(Use.ASSOCIATED, ())),
        named=_ranked(of(Use.NAMED, ())),
        input=tuple(_sources(of(Use.INPUT, ()))),
        output=tuple(_sources(of(Use.OUTPUT, ()))),
    )


def _places(ranked: Iterable[tuple[int, Rule]]) -> tuple[int, ...]:
    return tuple(place for place, _ in ranked)


def _ranked(ranked: Iterable[tuple[int, Rule]]) -> Ranked:
    return _grouped((rule.slot, (place, rule.rank)) for place, rule in ranked)


def _best(dialects: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for dialect, place in sorted(dialects):
        if dialect < len(DIALECTS):
            yield place, dialect


def _grouped(pairs: Iterable[tuple[str, _T]]) -> tuple[tuple[str, tuple[_T, ...]], ...]:
    groups: dict[str, list[_T]] = {}
    for slot, item in pairs:
        groups.setdefault(slot, []).append(item)
    return tuple((slot, tuple(items)) for slot, items in groups.items())


def _sources(ranked: Iterable[tuple[int, Rule]]) -> Iterator[Source]:
    indexed: dict[str, list[int]] = {}
    sources: list[tuple[Rule, list[int]]] = []
    for place, rule in ranked:
        if rule.prefix in indexed:
            indexed[rule.prefix].append(place)
            continue
        places = [place]
        if rule.prefix:
            indexed[rule.prefix] = places
        sources.append((rule, places))
    return (Source(rule, tuple(places)) for rule, places in sources)
