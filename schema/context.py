"""Team, workflow, version, session, user and environment of a span: its own, its ancestors', its resource's.

Strongest first: the operator's own keys on the span, on its nearest ancestor in the same request, a dialect's association
keys on the span, on its nearest ancestor, the operator's keys on the resource, names that a framework made up
(`gen_ai.workflow.name`, a thread id) on the span, on its nearest ancestor. Ancestors that came in another request are
resolved when the run is computed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Ranked = dict[str, tuple[int, str]]
"""Context column: (rank of the key that gave it, value)."""

_NOTHING: Mapping[str, str] = {}
_MAX_DEPTH = 10_000  # a chain of ancestors this long is a cycle or an attack


@dataclass(slots=True)
class Context:
    """What one span says about its surroundings, by strength; `trace` and `parent` are keys of spans."""

    span: tuple[str, str]
    parent: tuple[str, str]
    operator: Ranked = field(default_factory=dict)
    associated: Ranked = field(default_factory=dict)
    named: Ranked = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Inherited:
    operator: Mapping[str, str] = field(default_factory=dict)
    associated: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)


_ROOT = _Inherited()


def resolve(contexts: Iterable[Context]) -> list[dict[str, str]]:
    """Return for each context, in order, the values by context column; a column that nobody names is left out."""
    ordered = list(contexts)
    by_span = {context.span: context for context in ordered}
    known: dict[tuple[str, str], _Inherited] = {}
    inherited = [_inherit(context, by_span, known) for context in ordered]
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
    found = known.get(context.span)
    if found is not None:
        return found
    path: list[Context] = []
    place: Context | None = context
    base = _ROOT
    visited = set()
    while place is not None and len(path) < _MAX_DEPTH and place.span not in visited:
        above = known.get(place.span)
        if above is not None:
            base = above
            break
        path.append(place)
        visited.add(place.span)
        place = by_span.get(place.parent) if place.parent[1] else None
    for step in reversed(path):
        if step.operator or step.associated or step.named:
            base = _Inherited(
                _merge(base.operator, step.operator),
                _merge(base.associated, step.associated),
                _merge(base.named, step.named),
            )
        known[step.span] = base
    return base


def _merge(above: Mapping[str, str], own: Ranked) -> Mapping[str, str]:
    if not own:
        return above
    return {**above, **{column: value for column, (_, value) in own.items()}}


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
