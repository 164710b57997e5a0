"""What the attributes of a span feed: its values, looked up by the plan for its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.attributes import Plain, parse, plain, scalar, text
from schema.candidates import Candidate
from schema.dialects import DIALECTS
from schema.dialects.dialect import ANY
from schema.dialects.rules import CONVENTION, RANKS, STANDARD, STRENGTHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    from schema.dialects.rules import Use
    from schema.plan import Plan, Plans, Source


class Reading:
    """What the attributes of one span feed."""

    __slots__ = (
        *("columns", "dialect", "evaluated", "failed", "input", "kind", "kind_given", "others", "output", "told"),
        *("usage", "values", "words"),
    )

    def __init__(self, values: dict[str, Plain], others: list[str]) -> None:
        self.values = values  # of every attribute, by key; "" where there is none
        self.others = others  # keys of those that are no strings
        self.columns: dict[str, str] = {}  # column: key of its value
        self.kind = ""
        self.kind_given = False  # some attribute names a kind, be it one that we do not know
        self.failed = False
        self.evaluated = False  # some attributes tell the result of an evaluation
        self.dialect = len(DIALECTS)
        self.words: dict[str, str] = {}  # of context, as schema/context.py has them
        self.usage: Sequence[Plain] = ()
        self.told = ""  # a JSON schema that names the program's own attributes
        self.input: Sequence[Candidate] = ()
        self.output: Sequence[Candidate] = ()

    def best(self, column: str) -> Plain:
        """Return the value of a column, None if no attribute feeds it."""
        key = self.columns.get(column)
        return None if key is None else self.values[key]


def read(attributes: Iterable[KeyValue], plans: Plans) -> Reading:
    """Return what the attributes of a span feed; of a key that comes twice, which OTLP forbids, the last value."""
    values: dict[str, Plain] = {}
    others = []
    for pair in attributes:  # once, and none of them kept: the wrappers of protobuf are what costs most here
        wrapped = pair.value
        value: Plain = wrapped.string_value
        if not value:
            value = wrapped.int_value or wrapped.double_value or plain(wrapped)
            if value is None:
                value = ""
            elif type(value) is not str:
                others.append(pair.key)
        values[pair.key] = value
    found = Reading(values, others)
    _fill(found, plans.plan(tuple(values)), plans.rules.metadata)
    return found


def _fill(found: Reading, plan: Plan, metadata: Mapping[str, tuple[Use, str, int]]) -> None:  # noqa: C901, PLR0912 - one short branch a use
    values, columns, words = found.values, found.columns, found.words
    for key, dialect in plan.dialects:
        if values[key] != "":
            found.dialect = dialect
            break
    for column, keys in plan.columns:
        for key in keys:
            if values[key] != "":
                columns[column] = key
                break
    for key, kinds in plan.kinds:
        if values[key] != "":
            found.kind_given = True
            kind = kinds.get(scalar(values[key]).lower()) or kinds.get(ANY)
            if kind is not None:
                found.kind = kind
                break
    for word, ranked in plan.words:
        for key, _ in ranked:
            named = scalar(values[key])
            if named:
                words[word] = named
                break
    if plan.input:
        found.input = _candidates(plan.input, values)
    if plan.output:
        found.output = _candidates(plan.output, values)
    if plan.failures:
        found.failed = any(text(values[key]).lower() in failures for key, failures in plan.failures)
    if plan.usage:
        found.usage = [parse(values[key]) for key in plan.usage if values[key] != ""]
    if plan.told:
        found.told = text(values[plan.told[0]])
    if plan.evaluated:
        found.evaluated = True
    if plan.metadata:
        _add_metadata(words, [parse(values[key]) for key in plan.metadata], metadata)
    if found.dialect == CONVENTION:
        _promote(words, plan, values)


def _candidates(sources: Iterable[Source], values: dict[str, Plain]) -> list[Candidate]:
    found = []
    for source in sources:
        for key in source.keys:
            value = values[key]
            if value != "":
                found.append(Candidate(source, value, values))
                break
    return found


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
