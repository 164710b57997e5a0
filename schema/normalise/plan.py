"""Plans: what the attributes of a span feed, computed once for every set of keys that a sender uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from schema.dialects import DIALECTS
from schema.dialects.rules import NO_RULE, STRENGTHS, Rule, Rules, Use, rules_for
from schema.normalise.content_sources import Source, Sources
from schema.normalise.evaluations import RESULT_KEYS
from schema.pricing.usage_names import PREFIXES, slot_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schema.policy.policy import AttributeKeys

_ROOM: Final = 50_000
"""Keys, over all remembered plans of one set of rules; senders choose the keys."""

_TEXTS: Final = frozenset(
    {
        *("tool_name", "tool_call_id", "agent_name", "response_id", "prompt_name", "prompt_version", "prompt_hash"),
        *("policy_name", "policy_decision", "approval_status", "approval_by", "outcome", "error_type"),
    }
)
_RESPONSES: Final = frozenset(key for dialect in DIALECTS for key in dialect.responses)
_HELD: Final = {
    **{column: column for column in (*_TEXTS, "provider")},
    "response_model": "model",
    "request_model": "model",
}

_T = TypeVar("_T")

Words: TypeAlias = tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
"""Words of context with the attributes that may hold them: (word, ((key, rank), ...))."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The attributes, by key, that each column and each use takes its value from; each of them holds something.

    Where the values of several decide, a list has the strongest first.
    """

    dialect: int  # index in DIALECTS, their number: none in particular
    columns: Mapping[str, str]  # column: key
    texts: tuple[tuple[str, str], ...]  # (column, key), of the columns that take an attribute's text
    held: tuple[tuple[str, str], ...]  # (column of `spans`, key), of attributes that the column may repeat literally
    kinds: tuple[tuple[str, Mapping[str, str]], ...]  # (key, value in lower case: kind)
    failures: tuple[tuple[str, frozenset[str]], ...]  # (key, values that mean failure)
    usage: tuple[str, ...]
    counts: tuple[tuple[str, str], ...]  # (what it counts, key), of counts without a rule of their own
    details: tuple[tuple[str, str], ...]  # (name, key), of objects that hold parts of the counts
    costs: tuple[str, ...]
    attribute_schemas: tuple[str, ...]
    metadata: tuple[str, ...]
    words: Words
    input: Sources
    output: Sources
    evaluated: bool  # some of the keys hold the result of an evaluation


class Plans:
    """The plans for the keys of recent spans, under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._known: dict[tuple[str, ...], Plan] = {}
        self._room = _ROOM

    def plan(self, keys: tuple[str, ...]) -> Plan:
        """Return the plan for a span with attributes of these keys, in this order, that hold something."""
        plan = self._known.get(keys)
        if plan is None:
            plan = _plan(keys, self.rules)
            self._room -= len(keys) + 1
            if self._room < 0:
                self._known.clear()
                self._room = _ROOM
            self._known[keys] = plan
        return plan


@lru_cache(maxsize=256)
def plans_for(keys: AttributeKeys, dialects: tuple[int, ...]) -> Plans:
    """Return the plans of spans, under the policy's context keys and the dialects of their scope."""
    return Plans(rules_for(keys, dialects))


def _plan(keys: tuple[str, ...], rules: Rules) -> Plan:
    fed = [(key, rule) for key in keys if (rule := rules[key]) is not NO_RULE]
    by_use: dict[Use, list[tuple[str, Rule]]] = {}
    for key, rule in sorted(fed, key=lambda item: item[1].rank):
        by_use.setdefault(rule.use, []).append((key, rule))
    of = by_use.get
    unruled = [(_counted(key), key) for key in keys if key.startswith(PREFIXES) and rules[key] is NO_RULE]
    columns: dict[str, str] = {}
    for key, rule in of(Use.COLUMN, ()):
        columns.setdefault(rule.slot, key)
    return Plan(
        dialect=min((rule.dialect for _, rule in fed), default=len(DIALECTS)),
        columns=columns,
        texts=tuple((column, key) for column, key in columns.items() if column in _TEXTS),
        held=tuple((_HELD[column], key) for column, key in columns.items() if column in _HELD),
        kinds=tuple((key, rule.values) for key, rule in of(Use.KIND, ()) if isinstance(rule.values, dict)),
        failures=tuple((key, frozenset(rule.values)) for key, rule in of(Use.FAILURE, ())),
        usage=(*(key for key, _ in of(Use.USAGE, ())), *(key for key in keys if key in _RESPONSES)),
        counts=tuple((slot, key) for name, key in unruled if (slot := slot_of(tuple(name.split("."))))),
        details=tuple((name, key) for name, key in unruled if name.lower().endswith("details")),
        costs=tuple(key for key, _ in of(Use.COSTS, ())),
        attribute_schemas=tuple(key for key, _ in of(Use.ATTRIBUTE_SCHEMA, ())),
        metadata=tuple(key for key, _ in of(Use.METADATA, ())),
        words=_grouped(
            (f"{strength}.{rule.slot}", (key, rule.rank))
            for use, strength in STRENGTHS.items()
            for key, rule in of(use, ())
        ),
        input=_sources((*of(Use.INPUT, ()), *of(Use.BOTH, ()))),
        output=_sources((*of(Use.OUTPUT, ()), *of(Use.BOTH, ()))),
        evaluated=not RESULT_KEYS.isdisjoint(keys),
    )


def _counted(key: str) -> str:
    """Return the name of what an attribute counts."""
    return key.removeprefix(next(prefix for prefix in PREFIXES if key.startswith(prefix)))


def _grouped(pairs: Iterable[tuple[str, _T]]) -> tuple[tuple[str, tuple[_T, ...]], ...]:
    groups: dict[str, list[_T]] = {}
    for slot, item in pairs:
        groups.setdefault(slot, []).append(item)
    return tuple((slot, tuple(items)) for slot, items in groups.items())


def _sources(ranked: Iterable[tuple[str, Rule]]) -> Sources:
    """Return the sources; indexed keys of one prefix are one source, as strong as the strongest of them."""
    families: dict[str, tuple[Rule, list[str]]] = {}
    for key, rule in ranked:
        families.setdefault(rule.prefix or key, (rule, []))[1].append(key)
    sources = []
    for rule, keys in families.values():
        calls = any("tool_calls." in key or "function_call" in key for key in keys)
        sources.append(Source(rule.slot, rule.dialect, rule.prefix, tuple(keys), calls))
    return Sources(tuple(sources), dict(_grouped((source.slot, source) for source in sources)))
