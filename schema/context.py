"""Team, workflow, version, session, user and environment of a span: its own, its ancestors', its resource's.

Strongest first: what an ingest key stamped on the resource, the operator's own keys on the span, on its nearest
ancestor, a dialect's association keys on the span, on its nearest ancestor, the operator's keys on the resource, names
that a framework made up (`gen_ai.workflow.name`, a thread id) on the span, on its nearest ancestor. Ancestors that came
in another request are looked up in the store (schema/late_context.py), by what each span's column `context` remembers.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from schema.dialects.rules import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.policy import AttributeKeys

Ranked = dict[str, tuple[int, str]]
"""Context column: (rank of the key that gave it, value)."""

COLUMN_OF: Final = {column: {"session": "session_id", "user": "user_id"}.get(column, column) for column in CONTEXT}
"""Context column: the column of `spans` that holds it."""

STAMPED: Final = "spanledger.stamped."
"""Before a context column: the resource attribute that is true where an ingest key, not the sender, named it."""

_NOTHING: Final[Mapping[str, str]] = {}


class Surroundings(NamedTuple):
    """What a resource says about the context of its spans, by context column."""

    resource: Mapping[str, str]
    stamped: Mapping[str, str]
    words: dict[str, str]  # both of them as the column `context` holds them


class Context(NamedTuple):
    """What one span and its resource say, by strength. A span is known by its trace id and span id."""

    span: tuple[str, str]
    parent: tuple[str, str]
    operator: Mapping[str, str]
    associated: Mapping[str, str]
    named: Mapping[str, str]
    around: Surroundings


class _Inherited(NamedTuple):
    """The values that hold for a span, its ancestors' included, by strength."""

    operator: Mapping[str, str]
    associated: Mapping[str, str]
    named: Mapping[str, str]


_ROOT = _Inherited(_NOTHING, _NOTHING, _NOTHING)


def values_of(ranked: Ranked) -> Mapping[str, str]:
    """Return the values without the ranks of their keys."""
    return {column: value for column, (_, value) in ranked.items()} if ranked else _NOTHING


def surroundings_of(resource: Mapping[str, str], keys: AttributeKeys) -> Surroundings:
    """Return what a resource names, from the texts stored for its attributes."""
    given: dict[str, str] = {}
    stamped: dict[str, str] = {}
    for column in CONTEXT:
        for key in getattr(keys, column):
            value = resource.get(key)
            if value:
                (stamped if resource.get(STAMPED + column) == "true" else given)[column] = value
                break
    return Surroundings(given, stamped, _words(resource=given, stamped=stamped))


def words_of(context: Context) -> dict[str, str]:
    """Return what a span and its resource name, as its column `context` holds it: {"operator.team": "payments"}.

    Spans that name nothing themselves share one dict.
    """
    _, _, operator, associated, named, around = context
    if not (operator or associated or named):
        return around.words
    return {**around.words, **_words(operator=operator, associated=associated, named=named)}


def _words(**by_strength: Mapping[str, str]) -> dict[str, str]:
    return {
        f"{strength}.{column}": value for strength, values in by_strength.items() for column, value in values.items()
    }


def remembered(span: tuple[str, str], parent: tuple[str, str], words: dict[str, str]) -> Context:
    """Return the context of a stored span from its column `context`."""
    said: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for word, value in words.items():
        strength, _, column = word.partition(".")
        said[strength][column] = value
    around = Surroundings(said["resource"], said["stamped"], words)
    return Context(span, parent, said["operator"], said["associated"], said["named"], around)


def resolve(contexts: Sequence[Context]) -> list[dict[str, str]]:
    """Return for each context, in order, the values by context column; a column that nobody names is left out."""
    by_span = {context.span: context for context in contexts}
    known: dict[tuple[str, str], _Inherited] = {}
    inherited = [known.get(context.span) or _inherit(context, by_span, known) for context in contexts]
    sessions = _sessions(contexts, inherited)
    return [
        {
            **seen.named,
            **context.around.resource,
            **sessions.get(context.span[0], _NOTHING),
            **seen.associated,
            **seen.operator,
            **context.around.stamped,
        }
        for context, seen in zip(contexts, inherited, strict=True)
    ]


def _inherit(
    context: Context, by_span: Mapping[tuple[str, str], Context], known: dict[tuple[str, str], _Inherited]
) -> _Inherited:
    path: list[Context] = []
    visited = set()
    place: Context | None = context
    base = _ROOT
    while place is not None:
        above = known.get(place.span)
        if above is not None:
            base = above
            break
        if place.span in visited:
            base = _cut(path, place.span, known)
            break
        path.append(place)
        visited.add(place.span)
        place = by_span.get(place.parent) if place.parent[1] else None
    for step in reversed(path):
        base = known[step.span] = _merge(base, step)
    return base


def _cut(path: list[Context], span: tuple[str, str], known: dict[tuple[str, str], _Inherited]) -> _Inherited:
    """Take a circle off the end of a path: nobody can say which of its spans is above, so each has its own words."""
    while path:
        step = path.pop()
        known[step.span] = _merge(_ROOT, step)
        if step.span == span:
            break
    return known[span]


def _merge(above: _Inherited, own: Context) -> _Inherited:
    if not (own.operator or own.associated or own.named):
        return above
    return _Inherited(
        _over(above.operator, own.operator), _over(above.associated, own.associated), _over(above.named, own.named)
    )


def _over(above: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    return {**above, **own} if above and own else own or above


def _sessions(contexts: Sequence[Context], inherited: list[_Inherited]) -> dict[str, dict[str, str]]:
    """Return by trace the session that its spans name, if all that name one agree.

    A root that knows only the thread (`gen_ai.conversation.id`) so takes the session that its children were given.
    """
    named: dict[str, set[str]] = {}
    weak = set()
    for context, seen in zip(contexts, inherited, strict=True):
        session = seen.operator.get("session") or seen.associated.get("session")
        if session:
            named.setdefault(context.span[0], set()).add(session)
        elif "session" in seen.named:
            weak.add(context.span[0])
    return {trace: {"session": next(iter(named[trace]))} for trace in weak if len(named.get(trace, ())) == 1}
