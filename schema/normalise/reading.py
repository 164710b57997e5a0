"""What the attributes of a span feed: its values, looked up by the plan for its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.dialects.dialect import ANY
from schema.dialects.rules import CONVENTION, RANKS, STANDARD, STRENGTHS
from schema.otlp.attributes import Plain, parse, plain, scalar, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    from schema.dialects.rules import Use
    from schema.normalise.plan import Plan, Plans


class Reading:
    """What the attributes of one span feed."""

    __slots__ = (*("empty", "failed", "has_kind", "kind", "plan", "values", "words"),)

    def __init__(self, values: Mapping[str, Plain], empty: list[str], plan: Plan) -> None:
        self.values = values  # of the attributes that hold something, by key
        self.empty = empty  # keys of the attributes that hold nothing
        self.plan = plan
        self.kind = ""
        self.has_kind = False  # some attribute names a kind, known or not
        self.failed = False
        self.words: dict[str, str] = {}  # of context, as schema/normalise/context.py has them

    def best(self, column: str) -> Plain:
        """Return the value of a column, None if no attribute feeds it."""
        key = self.plan.columns.get(column)
        return None if key is None else self.values[key]

    def parsed(self, keys: Iterable[str]) -> Iterator[Plain]:
        """Yield the values of these attributes, read as JSON where they are."""
        return (parse(self.values[key]) for key in keys)


def read(attributes: Iterable[KeyValue], plans: Plans) -> Reading:
    """Return what the attributes of a span feed; of a key that comes twice, which OTLP forbids, the last value."""
    values: dict[str, Plain] = {}
    empty = []
    for pair in attributes:  # once, and none of them kept: the wrappers of protobuf cost most here
        wrapped = pair.value
        value: Plain = wrapped.string_value or wrapped.int_value or wrapped.double_value
        if not value:
            value = plain(wrapped)
            if value is None or value == "":
                empty.append(pair.key)
                values.pop(pair.key, None)
                continue
        values[pair.key] = value
    reading = Reading(values, empty, plans.plan(tuple(values)))
    _fill(reading, plans.rules.metadata)
    return reading


def _fill(reading: Reading, metadata: Mapping[str, tuple[Use, str, int]]) -> None:
    plan, values, words = reading.plan, reading.values, reading.words
    for key, kinds in plan.kinds:
        reading.has_kind = True
        kind = kinds.get(scalar(values[key]).lower()) or kinds.get(ANY)
        if kind is not None:
            reading.kind = kind
            break
    for word, ranked in plan.words:
        value = values[ranked[0][0]]
        named = value if type(value) is str and value[0] != '"' else _first_named(ranked, values)
        if named:
            words[word] = named
    if plan.failures:
        reading.failed = any(text(values[key]).lower() in failures for key, failures in plan.failures)
    if plan.metadata:
        _add_metadata(words, reading.parsed(plan.metadata), metadata)
    if plan.dialect == CONVENTION:
        _promote(words, plan, values)


def _first_named(ranked: Iterable[tuple[str, int]], values: Mapping[str, Plain]) -> str:
    return next((named for key, _ in ranked if (named := scalar(values[key]))), "")


def _add_metadata(words: dict[str, str], objects: Iterable[Plain], names: Mapping[str, tuple[Use, str, int]]) -> None:
    """Add what free metadata names: it is weaker than any key of its own."""
    strongest: dict[str, tuple[int, str]] = {}
    for value in objects:
        if isinstance(value, dict):
            for name, item in value.items():
                rule = names.get(name)
                if rule is not None and isinstance(item, (str, int)):
                    use, column, rank = rule
                    word, named = f"{STRENGTHS[use]}.{column}", scalar(item)
                    if named and (word not in strongest or rank < strongest[word][0]):
                        strongest[word] = (rank, named)
    for word, (_, named) in strongest.items():
        words.setdefault(word, named)


def _promote(words: dict[str, str], plan: Plan, values: Mapping[str, Plain]) -> None:
    """On a span that speaks Spanledger's convention, the standard names (`gen_ai.workflow.name`) are the operator's."""
    for word, ranked in plan.words:
        strength, _, column = word.partition(".")
        if strength == "named":
            rank = next((rank for key, rank in ranked if scalar(values[key])), 0)
            if rank // RANKS == STANDARD:
                words.setdefault(f"operator.{column}", words[word])
