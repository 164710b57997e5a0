"""Team, workflow, version, session, user and environment of a span: its own, its ancestors', its resource's.

Strongest first: the operator's own keys on the span, on its nearest ancestor in the same request, a dialect's
association keys on the span, on its nearest ancestor, the operator's keys on the resource, names that a framework
made up (`gen_ai.workflow.name`, a thread id) on the span, on its nearest ancestor. Ancestors that came in another
request are resolved when the run is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Ranked = dict[str, tuple[int, str]]
"""Context column: (rank of the key that gave it, value)."""

_NOTHING: Mapping[str, str] = {}


class Context(NamedTuple):
    """What one span says about its surroundings, by strength. A span is known by its trace id and span id."""

    span: tuple[str, str]
    parent: tuple[str, str]
    operator: Ranked
    associated: Ranked
    named: Ranked
    resource: Mapping[str, str]


class _Inherited(NamedTuple):
    """The values that hold for a span, its ancestors' included, by strength."""

    operator: Mapping[str, str]
    associated: Mapping[str, str]
    named: Mapping[str, str]


_ROOT = _Inherited(_NOTHING, _NOTHING, _NOTHING)


def resolve(ordered: list[Context]) -> list[dict[str, str]]:
    """Return for each context, in order, the values by context column; a column that nobody names is left out."""
    by_span = {context.span: context for context in ordered}
    known: dict[tuple[str, str], _Inherited] = {}
    inherited = [known.get(context.span) or _inherit(context, by_span, known) for context in ordered]
    sessions = _sessions(ordered, inherited)
    return [
        {
            **seen.named,
            **context.resource,
            **sessions.get(context.span[0], _NOTHING),
            **seen.associated,
            **seen.operator,
        }
        for context, seen in zip(ordered, inherited, strict=True)
    ]


def _inherit(
    context: Context, by_span: Mapping[tuple[str, str], Context], known: dict[tuple[str, str], _Inherited]
) -> _Inherited:
    path: list[Context] = []
    place: Context | None = context
    base = _ROOT
    visited = set()
    while place is not None and place.span not in visited:
        above = known.get(place.span)
        if above is not None:
            base = above
            break
        path.append(place)
        visited.add(place.span)
        place = by_span.get(place.parent) if place.parent[1] else None
    for step in reversed(path):
        base = known[step.span] = _merge(base, step)
    return base


def _merge(above: _Inherited, own: Context) -> _Inherited:
    if not (own.operator or own.associated or own.named):
        return above
    return _Inherited(
        _over(above.operator, own.operator), _over(above.associated, own.associated), _over(above.named, own.named)
    )


def _over(above: Mapping[str, str], own: Ranked) -> Mapping[str, str]:
    if not own:
        return above
    values = {column: value for column, (_, value) in own.items()}
    return {**above, **values} if above else values


def _sessions(contexts: list[Context], inherited: list[_Inherited]) -> dict[str, dict[str, str]]:
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
