"""What the attributes of a span feed: its values, looked up by the plan for its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.dialects.dialect import ANY
from schema.dialects.rules import CONVENTION, RANKS, STANDARD, STRENGTHS
from schema.otlp.attributes import Plain, parse, plain, scalar, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    from schema.dialects.rules import Use
    from schema.normalise.plan import Plan, Plans


class Reading:
    """What the attributes of one span feed."""

    __slots__ = (*("empty", "failed", "kind", "kind_given", "others", "plan", "told", "usage", "values", "words"),)

    def __init__(self, values: dict[str, Plain], others: list[str], empty: list[str], plan: Plan) -> None:
        self.values = values  # of the attributes that hold something, by key
        self.others = others  # keys of those that are no strings
        self.empty = empty  # keys of the attributes that hold nothing
        self.plan = plan
        self.kind = ""
        self.kind_given = False  # some attribute names a kind, be it one that we do not know
        self.failed = False
        self.words: dict[str, str] = {}  # of context, as schema/normalise/context.py has them
        self.usage: Sequence[Plain] = ()
        self.told = ""  # a JSON schema that names the program's own attributes

    def best(self, column: str) -> Plain:
        """Return the value of a column, None if no attribute feeds it."""
        key = self.plan.columns.get(column)
        return None if key is None else self.values[key]


def read(attributes: Iterable[KeyValue], plans: Plans) -> Reading:
    """Return what the attributes of a span feed; of a key that comes twice, which OTLP forbids, the last value."""
    values: dict[str, Plain] = {}
    others = []
    empty = []
    for pair in attributes:  # once, and none of them kept: the wrappers of protobuf are what costs most here
        wrapped = pair.value
        value: Plain = wrapped.string_value
        if not value:
            value = wrapped.int_value or wrapped.double_value
            if value:
                others.append(pair.key)
            else:
                value = plain(wrapped)
                if value is None or value == "":
                    empty.append(pair.key)
                    values.pop(pair.key, None)
                    continue
                if type(value) is not str:
                    others.append(pair.key)
        values[pair.key] = value
    found = Reading(values, others, empty, plans.plan(tuple(values)))
    _fill(found, plans.rules.metadata)
    return found


def _fill(found: Reading, metadata: Mapping[str, tuple[Use, str, int]]) -> None:
    plan, values, words = found.plan, found.values, found.words
    for key, kinds in plan.kinds:
        found.kind_given = True
        kind = kinds.get(scalar(values[key]).lower()) or kinds.get(ANY)
        if kind is not None:
            found.kind = kind
            break
    for word, ranked in plan.words:
        value = values[ranked[0][0]]
        named = value if type(value) is str and value[0] != '"' else _first_named(ranked, values)
        if named:
            words[word] = named
    if plan.failures:
        found.failed = any(text(values[key]).lower() in failures for key, failures in plan.failures)
    if plan.usage:
        found.usage = [parse(values[key]) for key in plan.usage]
    if plan.told:
        found.told = text(values[plan.told[0]])
    if plan.metadata:
        _add_metadata(words, [parse(values[key]) for key in plan.metadata], metadata)
    if plan.dialect == CONVENTION:
        _promote(words, plan, values)


def _first_named(ranked: Iterable[tuple[str, int]], values: Mapping[str, Plain]) -> str:
    return next((named for key, _ in ranked if (named := scalar(values[key]))), "")


def _add_metadata(words: dict[str, str], objects: Iterable[Plain], names: Mapping[str, tuple[Use, str, int]]) -> None:
    """Add what free metadata names: it is weaker than any key of its own."""
    found: dict[str, tuple[int, str]] = {}
    for value in objects:
        if isinstance(value, dict):
            for name, item in value.items():
                rule = names.get(name)
                if rule is not None and isinstance(item, (str, int)):
                    use, column, rank = rule
                    word, told = f"{STRENGTHS[use]}.{column}", scalar(item)
                    if told and (word not in found or rank < found[word][0]):
                        found[word] = (rank, told)
    for word, (_, told) in found.items():
        words.setdefault(word, told)


def _promote(words: dict[str, str], plan: Plan, values: dict[str, Plain]) -> None:
    """On a span that speaks Spanledger's convention, the standard names (`gen_ai.workflow.name`) are the operator's."""
    for word, ranked in plan.words:
        strength, _, column = word.partition(".")
        if strength == "named":
            rank = next((rank for key, rank in ranked if scalar(values[key])), 0)
            if rank // RANKS == STANDARD:
                words.setdefault(f"operator.{column}", words[word])
