"""The dialects' tables inverted: attribute key -> what it feeds, so that reading a span takes one look-up a key."""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from schema.dialects import DIALECTS, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schema.policy.policy import AttributeKeys

CONTEXT = ("team", "workflow", "workflow_version", "session", "user", "environment")
"""Context of a span: named by itself, by its ancestors, by association keys or by its resource."""

RANKS = 100
"""Ranks that one dialect takes up: a rank's dialect is `rank // RANKS`."""

CONVENTION = 0
"""The dialect that is our own convention (index): the first."""

STANDARD = next(index for index, dialect in enumerate(DIALECTS) if dialect.name == "otel_genai")
"""The dialect that is the standard (index)."""

_FLATTENED, _SHAPELESS = 1_000_000, 2_000_000  # added to the ranks of content
_CONVENTION = ("spanledger.", "agentops.")
_REMEMBERED = 20_000  # remembered look-ups of keys without a rule and of indexed keys; senders choose the keys

# Names under which users put context into a framework's free metadata.
_METADATA_NAMES = {
    "team": ("team", "spanledger.team", "agentops.team"),
    "workflow": ("workflow", "spanledger.workflow", "agentops.workflow"),
    "workflow_version": ("workflow_version", "spanledger.workflow.version"),
    "session": ("session_id", "sessionId", "session.id", "langfuse_session_id", "conversation_id", "conversationId"),
    "user": ("user_id", "userId", "user.id", "langfuse_user_id"),
    "environment": ("environment",),
}
_METADATA_WEAK = {"session": ("thread_id", "threadId")}


class Use(Enum):
    """What an attribute feeds."""

    NOTHING = auto()
    COLUMN = auto()
    KIND = auto()
    FAILURE = auto()
    OPERATOR = auto()  # context in the operator's own keys
    ASSOCIATED = auto()  # context in a dialect's association keys
    NAMED = auto()  # context that a framework generated
    METADATA = auto()  # a JSON object with context under free names
    USAGE = auto()
    COSTS = auto()
    ATTRIBUTE_SCHEMA = auto()  # a JSON schema that names the program's own attributes
    INPUT = auto()
    OUTPUT = auto()
    BOTH = auto()  # a conversation; each message has a role that makes it input or output


STRENGTHS: Final = {Use.OPERATOR: "operator", Use.ASSOCIATED: "associated", Use.NAMED: "named"}
"""How strong context is that a span names itself, the first half of a word of context (schema/normalise/context.py)."""


class Rule(NamedTuple):
    """One key's meaning. The lower rank wins where several keys feed the same slot."""

    use: Use
    slot: str = ""
    rank: int = 0
    dialect: int = len(DIALECTS)  # index in DIALECTS, their number: none in particular
    values: Mapping[str, str] | frozenset[str] = frozenset()
    prefix: str = ""  # of an indexed key


NO_RULE = Rule(Use.NOTHING)


class Rules(dict[str, Rule]):
    """Attribute key -> rule; a key without a rule of its own takes that of the longest prefix that has one."""

    def __init__(
        self, exact: Mapping[str, Rule], prefixes: Mapping[str, Rule], metadata: Mapping[str, tuple[Use, str, int]]
    ) -> None:
        """Take the rules of exact keys, of prefixes (which end in a dot) and of names inside metadata."""
        super().__init__(exact)
        self.metadata = metadata
        self._prefixes = prefixes
        self._room = _REMEMBERED

    def __missing__(self, key: str) -> Rule:
        """Find the rule of a key that was not seen before."""
        rule = NO_RULE
        end = key.rfind(".")
        while end > 0:
            prefixed = self._prefixes.get(key[: end + 1])
            if prefixed is not None:
                rule = prefixed
                break
            end = key.rfind(".", 0, end)
        if self._room > 0:
            self._room -= 1
            self[key] = rule
        return rule


def _metadata_rules(keys: AttributeKeys) -> dict[str, tuple[Use, str, int]]:
    """Return name -> (use, context column, rank) for the free names inside metadata."""
    rules: dict[str, tuple[Use, str, int]] = {}
    for column in CONTEXT:
        for rank, name in enumerate((*getattr(keys, column), *_METADATA_NAMES[column])):
            rules.setdefault(name, (Use.ASSOCIATED, column, rank))
        for rank, name in enumerate(_METADATA_WEAK.get(column, ())):
            rules.setdefault(name, (Use.NAMED, column, 10 + rank))
    return rules


@lru_cache(maxsize=1024)
def scope_dialects(scope: str) -> tuple[int, ...]:
    """Return the dialects (indexes) of an instrumentation scope, the one with the longest name for it first."""
    ranked = []
    for index, dialect in enumerate(DIALECTS):
        lengths = [len(name) for name in dialect.scopes if scope == name or scope.startswith(_opened(name))]
        if lengths:
            ranked.append((-max(lengths), index))
    return tuple(index for _, index in sorted(ranked))


def _opened(name: str) -> tuple[str, ...]:
    return tuple(name + separator for separator in (".", " ", "-", "_"))


def rules_for(keys: AttributeKeys, dialects: tuple[int, ...]) -> Rules:
    """Return the rules of a span: the policy's context keys, the open dialects, and the scoped ones of its scope.

    `dialects` are those of its scope (`scope_dialects`).
    """
    exact: dict[str, Rule] = {}
    prefixes: dict[str, Rule] = {}
    named = {key for dialect in DIALECTS for names in dialect.named.values() for key in names}
    for column in CONTEXT:
        for rank, key in enumerate(getattr(keys, column)):
            if key not in named:
                own = CONVENTION if key.startswith(_CONVENTION) else len(DIALECTS)
                exact.setdefault(key, Rule(Use.OPERATOR, column, rank, own))
    free = _metadata_rules(keys)
    for index, dialect in enumerate(DIALECTS):
        if dialect.scoped and index not in dialects:
            continue
        for key, rule in _dialect_rules(index, dialect, free, own=index in dialects):
            if key.endswith("."):
                prefixes.setdefault(key, rule._replace(prefix=key))
            elif key in exact and rule.use is Use.KIND and exact[key].use is Use.KIND:
                exact[key] = exact[key]._replace(values={**_mapping(rule), **_mapping(exact[key])})
            else:
                exact.setdefault(key, rule)
    return Rules(exact, prefixes, free)


def _mapping(rule: Rule) -> dict[str, str]:
    return dict(rule.values) if not isinstance(rule.values, frozenset) else {}


def _dialect_rules(
    index: int, dialect: Dialect, free: dict[str, tuple[Use, str, int]], *, own: bool
) -> Iterator[tuple[str, Rule]]:
    base = index * RANKS
    for position, (key, kinds) in enumerate(dialect.kinds.items()):
        yield key, Rule(Use.KIND, "kind", base + position, index, kinds)
    for key, values in dialect.failures.items():
        yield key, Rule(Use.FAILURE, "failure", base, index, values)
    objects = (
        (Use.USAGE, dialect.usage),
        (Use.COSTS, dialect.costs),
        (Use.ATTRIBUTE_SCHEMA, dialect.attribute_schema),
    )
    for use, names in objects:
        for key in names:
            yield key, Rule(use, rank=base, dialect=index)
    tables = (
        (Use.COLUMN, dialect.columns),
        (Use.COLUMN, dialect.scoped_columns if own else {}),
        (Use.ASSOCIATED, dialect.context),
        (Use.NAMED, dialect.named),
    )
    for use, table in tables:
        for slot, keys in table.items():
            for rank, key in enumerate(keys):
                yield key, Rule(use, slot, base + rank, index)
    for key in dialect.metadata:
        if key.endswith("."):
            yield from ((key + name, Rule(use, slot, base + rank, index)) for name, (use, slot, rank) in free.items())
        else:
            yield key, Rule(Use.METADATA, "metadata", base, index)
    yield from _content_rules(index, dialect, base)


def _content_rules(index: int, dialect: Dialect, base: int) -> Iterator[tuple[str, Rule]]:
    tables = (
        (Use.INPUT, "conversation", dialect.input),
        (Use.OUTPUT, "conversation", dialect.output),
        (Use.BOTH, "conversation", dialect.both),
        (Use.INPUT, "value", dialect.input_value),
        (Use.OUTPUT, "value", dialect.output_value),
        (Use.INPUT, "tool", dialect.tool_input),
        (Use.OUTPUT, "tool", dialect.tool_output),
        (Use.INPUT, "instructions", dialect.instructions),
        (Use.INPUT, "definitions", dialect.definitions),
    )
    # Conversations win over values of any shape, and the standard's over flattened ones.
    preference = 0 if index == STANDARD else _FLATTENED
    for use, slot, names in tables:
        for rank, key in enumerate(names):
            yield key, Rule(use, slot, (_SHAPELESS if slot == "value" else preference) + base + rank, index)
    for slot, key in zip(("text", "reasoning", "tool_calls"), dialect.answer, strict=False):
        yield key, Rule(Use.OUTPUT, slot, base, index)
