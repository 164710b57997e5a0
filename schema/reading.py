"""One pass over a span's attributes: what each key feeds, by the dialects' rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schema.attributes import Plain, parse, plain, text, unquote
from schema.content import Candidate
from schema.dialects import DIALECTS
from schema.dialects.rules import RANKS, Rule, Rules, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    from schema.context import Ranked

_CONVENTION = ("spanledger.", "agentops.")
_STANDARD = next(index for index, dialect in enumerate(DIALECTS) if dialect.name == "otel_genai")


@dataclass(slots=True)
class Reading:
    """What the attributes of one span feed."""

    values: dict[str, Plain] = field(default_factory=dict)
    columns: dict[str, tuple[int, Plain, str]] = field(default_factory=dict)  # column: (rank, value, key)
    kind: str = ""
    kind_rank: int = 1 << 30
    failed: bool = False
    dialect: int = len(DIALECTS)
    operator: Ranked = field(default_factory=dict)
    associated: Ranked = field(default_factory=dict)
    named: Ranked = field(default_factory=dict)
    usage: list[Plain] = field(default_factory=list)
    input: list[Candidate] = field(default_factory=list)
    output: list[Candidate] = field(default_factory=list)

    def best(self, column: str) -> Plain:
        """Return the value of a column, None if no attribute feeds it."""
        found = self.columns.get(column)
        return None if found is None else found[1]


def read(attributes: Iterable[KeyValue], rules: Rules) -> Reading:
    """Return what the attributes of a span feed."""
    found = Reading()
    indexed: dict[str, Candidate] = {}
    values, columns = found.values, found.columns
    for pair in attributes:
        key, any_value = pair.key, pair.value
        value: Plain = any_value.string_value or plain(any_value)
        values[key] = value
        rule = rules[key]
        use = rule.use
        if use is Use.NOTHING or value is None or value == "":
            continue
        if 0 <= rule.dialect < found.dialect:
            found.dialect = rule.dialect
        if use is Use.COLUMN:
            best = columns.get(rule.slot)
            if best is None or rule.rank < best[0]:
                columns[rule.slot] = (rule.rank, value, key)
        elif use is Use.INPUT or use is Use.OUTPUT:
            _content(found, indexed, rule, key, value)
        else:
            _other(found, rule, value, rules.metadata)
    if found.named and any(key.startswith(_CONVENTION) for key in values):
        _promote(found)
    return found


def _content(found: Reading, indexed: dict[str, Candidate], rule: Rule, key: str, value: Plain) -> None:
    side = found.input if rule.use is Use.INPUT else found.output
    if not rule.prefix:
        side.append(Candidate(rule.rank, rule.slot, [key], value))
        return
    candidate = indexed.get(rule.prefix)
    if candidate is None:
        candidate = indexed[rule.prefix] = Candidate(rule.rank, rule.slot, [], None, [])
        side.append(candidate)
    candidate.keys.append(key)
    if candidate.items is not None:
        candidate.items.append((key[len(rule.prefix) :], value))


def _other(found: Reading, rule: Rule, value: Plain, names: Mapping[str, tuple[Use, str, int]]) -> None:
    use = rule.use
    if use is Use.KIND:
        kind = dict.get(rule.values, unquote(text(value)).lower()) if isinstance(rule.values, dict) else None
        if kind is not None and rule.rank < found.kind_rank:
            found.kind, found.kind_rank = kind, rule.rank
    elif use is Use.FAILURE:
        found.failed = found.failed or text(value).lower() in rule.values
    elif use is Use.USAGE:
        found.usage.append(parse(value))
    elif use is Use.METADATA:
        _metadata(found, parse(value), names)
    else:
        ranked = found.operator if use is Use.OPERATOR else found.associated if use is Use.ASSOCIATED else found.named
        _rank(ranked, rule.slot, rule.rank, value)


def _rank(ranked: Ranked, column: str, rank: int, value: Plain) -> None:
    best = ranked.get(column)
    if best is None or rank < best[0]:
        given = unquote(text(value))
        if given:
            ranked[column] = (rank, given)


def _metadata(found: Reading, value: Plain, names: Mapping[str, tuple[Use, str, int]]) -> None:
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        rule = names.get(name)
        if rule is not None and isinstance(item, (str, int)):
            use, column, rank = rule
            _rank(found.associated if use is Use.ASSOCIATED else found.named, column, 10_000 + rank, item)


def _promote(found: Reading) -> None:
    """On a span that speaks Spanledger's convention, the standard names (`gen_ai.workflow.name`) are the operator's."""
    for column, (rank, value) in found.named.items():
        if rank // RANKS == _STANDARD:
            found.operator.setdefault(column, (rank, value))
