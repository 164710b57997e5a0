"""What the attributes of a span feed: its values, looked up by the plan for its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.attributes import Plain, parse, plain, scalar, text
from schema.content import Candidate
from schema.dialects import DIALECTS
from schema.dialects.rules import CONVENTION, RANKS, STANDARD, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    from schema.context import Ranked
    from schema.plan import Plan, Plans, Source
    from schema.plan import Ranked as Wanted

_METADATA_RANK = 10_000  # weaker than any key of its own


class Reading:
    """What the attributes of one span feed."""

    __slots__ = (
        *("associated", "columns", "dialect", "failed", "input", "kind", "kind_given", "named", "operator"),
        *("output", "texts", "told", "usage"),
    )

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts  # every attribute as the text that `attributes` stores
        self.columns: dict[str, tuple[Plain, str]] = {}  # column: (value, key)
        self.kind = ""
        self.kind_given = False  # some attribute names a kind, be it one that we do not know
        self.failed = False
        self.dialect = len(DIALECTS)
        self.operator: Ranked = {}
        self.associated: Ranked = {}
        self.named: Ranked = {}
        self.usage: list[Plain] = []
        self.told = ""  # a JSON schema that names the program's own attributes
        self.input: list[Candidate] = []
        self.output: list[Candidate] = []

    def best(self, column: str) -> Plain:
        """Return the value of a column, None if no attribute feeds it."""
        found = self.columns.get(column)
        return None if found is None else found[0]


def read(attributes: Iterable[KeyValue], plans: Plans) -> Reading:  # noqa: C901, PLR0912 - one short branch a use
    """Return what the attributes of a span feed."""
    names: list[str] = []
    values: list[Plain] = []
    texts: dict[str, str] = {}
    for pair in attributes:  # once, and none of them kept: the wrappers of protobuf are what costs most here
        key, given = pair.key, pair.value
        value: Plain = given.string_value
        if value:
            texts[key] = value  # type: ignore[assignment]
        else:
            value = plain(given)
            texts[key] = text(value)
            if value is None:
                value = ""
        names.append(key)
        values.append(value)
    keys = tuple(names)
    found = Reading(texts)
    plan = plans.plan(keys)
    for place, dialect in plan.dialects:
        if values[place] != "":
            found.dialect = dialect
            break
    columns = found.columns
    for column, places in plan.columns:
        for place in places:
            value = values[place]
            if value != "":
                columns[column] = (value, keys[place])
                break
    _fill_kind(found, plan, values)
    if plan.operator:
        found.operator = _ranked(plan.operator, values)
    if plan.associated:
        found.associated = _ranked(plan.associated, values)
    if plan.named:
        found.named = _ranked(plan.named, values)
    if plan.input:
        found.input = _candidates(plan.input, keys, values)
    if plan.output:
        found.output = _candidates(plan.output, keys, values)
    if plan.failures:
        found.failed = any(text(values[place]).lower() in failures for place, failures in plan.failures)
    if plan.usage:
        found.usage = [parse(values[place]) for place in plan.usage if values[place] != ""]
    if plan.told:
        found.told = text(values[plan.told[0]])
    for place in plan.metadata:
        _metadata(found, parse(values[place]), plans.rules.metadata)
    if found.named and found.dialect == CONVENTION:
        _promote(found)
    return found


def _fill_kind(found: Reading, plan: Plan, values: list[Plain]) -> None:
    for place, kinds in plan.kinds:
        value = values[place]
        if value != "":
            found.kind_given = True
            kind = kinds.get(scalar(value).lower())
            if kind is not None:
                found.kind = kind
                return


def _ranked(wanted: Wanted, values: list[Plain]) -> Ranked:
    ranked: Ranked = {}
    for column, places in wanted:
        for place, rank in places:
            value = scalar(values[place])
            if value:
                ranked[column] = (rank, value)
                break
    return ranked


def _candidates(sources: tuple[Source, ...], keys: tuple[str, ...], values: list[Plain]) -> list[Candidate]:
    found = []
    for rule, places in sources:
        items = [(keys[place], values[place]) for place in places if values[place] != ""]
        if items:
            found.append(Candidate(rule, items))
    return found


def _metadata(found: Reading, value: Plain, names: Mapping[str, tuple[Use, str, int]]) -> None:
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        rule = names.get(name)
        if rule is not None and isinstance(item, (str, int)):
            use, column, rank = rule
            rank += _METADATA_RANK
            ranked = found.associated if use is Use.ASSOCIATED else found.named
            best = ranked.get(column)
            told = scalar(item)
            if told and (best is None or rank < best[0]):
                ranked[column] = (rank, told)


def _promote(found: Reading) -> None:
    """On a span that speaks Spanledger's convention, the standard names (`gen_ai.workflow.name`) are the operator's."""
    for column, (rank, value) in found.named.items():
        if rank // RANKS == STANDARD:
            found.operator.setdefault(column, (rank, value))
