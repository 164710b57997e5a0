"""One pass over a span's attributes: what each key feeds, by the dialects' rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.attributes import Plain, parse, plain, text, unquote
from schema.content import Candidate
from schema.dialects import DIALECTS
from schema.dialects.rules import CONVENTION, NO_RULE, RANKS, STANDARD, Rule, Rules, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    from schema.context import Ranked

# Looked up for every attribute of every span: members of an Enum are slow to reach.
_COLUMN, _INPUT, _OUTPUT, _KIND = Use.COLUMN, Use.INPUT, Use.OUTPUT, Use.KIND
_OPERATOR, _ASSOCIATED, _NAMED = Use.OPERATOR, Use.ASSOCIATED, Use.NAMED


class Reading:
    """What the attributes of one span feed."""

    __slots__ = (
        *("associated", "columns", "dialect", "failed", "input", "kind", "kind_given", "kind_rank"),
        *("named", "operator", "output", "texts", "usage"),
    )

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}  # every attribute as the text that `attributes` stores
        self.columns: dict[str, tuple[int, Plain, str]] = {}  # column: (rank, value, key)
        self.kind = ""
        self.kind_rank = 1 << 30
        self.kind_given = False  # some attribute names a kind, be it one that we do not know
        self.failed = False
        self.dialect = len(DIALECTS)
        self.operator: Ranked = {}
        self.associated: Ranked = {}
        self.named: Ranked = {}
        self.usage: list[Plain] = []
        self.input: list[Candidate] = []
        self.output: list[Candidate] = []

    def best(self, column: str) -> Plain:
        """Return the value of a column, None if no attribute feeds it."""
        found = self.columns.get(column)
        return None if found is None else found[1]


def read(attributes: Iterable[KeyValue], rules: Rules) -> Reading:
    """Return what the attributes of a span feed."""
    found = Reading()
    indexed: dict[str, Candidate] = {}
    texts, columns = found.texts, found.columns
    strongest = found.dialect
    for pair in attributes:
        key, any_value = pair.key, pair.value
        value: Plain = any_value.string_value
        if value:
            texts[key] = value  # type: ignore[assignment]
        else:
            value = plain(any_value)
            texts[key] = text(value)
        rule = rules[key]
        if rule is NO_RULE or value is None or value == "":
            continue
        use, slot, rank, dialect, _, _ = rule
        if dialect < strongest:  # noqa: PLR1730 - min() is four times as slow, and this runs for every attribute
            strongest = dialect
        if use is _COLUMN:
            best = columns.get(slot)
            if best is None or rank < best[0]:
                columns[slot] = (rank, value, key)
        elif use is _INPUT or use is _OUTPUT:
            _content(found, indexed, rule, key, value)
        else:
            _other(found, rule, value, rules.metadata)
    found.dialect = strongest
    if found.named and strongest == CONVENTION:
        _promote(found)
    return found


def _content(found: Reading, indexed: dict[str, Candidate], rule: Rule, key: str, value: Plain) -> None:
    prefix = rule.prefix
    if prefix:
        candidate = indexed.get(prefix)
        if candidate is not None:
            candidate.items.append((key, value))
            return
    candidate = Candidate(rule, key, value)
    if prefix:
        indexed[prefix] = candidate
    (found.input if rule.use is _INPUT else found.output).append(candidate)


def _other(found: Reading, rule: Rule, value: Plain, names: Mapping[str, tuple[Use, str, int]]) -> None:
    use = rule.use
    if use is _OPERATOR:
        _rank(found.operator, rule.slot, rule.rank, value)
    elif use is _NAMED:
        _rank(found.named, rule.slot, rule.rank, value)
    elif use is _ASSOCIATED:
        _rank(found.associated, rule.slot, rule.rank, value)
    elif use is _KIND:
        found.kind_given = True
        if rule.rank < found.kind_rank and isinstance(rule.values, dict):
            kind = rule.values.get(unquote(text(value)).lower())
            if kind is not None:
                found.kind, found.kind_rank = kind, rule.rank
    elif use is Use.FAILURE:
        found.failed = found.failed or text(value).lower() in rule.values
    elif use is Use.USAGE:
        found.usage.append(parse(value))
    elif use is Use.METADATA:
        _metadata(found, parse(value), names)


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
        if rank // RANKS == STANDARD:
            found.operator.setdefault(column, (rank, value))
