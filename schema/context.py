"""Team, workflow, version, session, user and environment of a span: its own, its ancestors', its resource's.

Strongest first: what an ingest key stamped on the resource, the operator's own keys on the span, on its nearest
ancestor, a dialect's association keys on the span, on its nearest ancestor, the session that the rest of the trace
agrees on, the operator's keys on the resource, names that a framework made up (`gen_ai.workflow.name`, a thread id) on
the span, on its nearest ancestor. Ancestors that came in another request are looked up in the store
(schema/late_context.py), by what each span's column `context` remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from schema.dialects.rules import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.policy import AttributeKeys

Words: TypeAlias = dict[str, str]
"""What somebody names, as the column `context` holds it: {"operator.team": "payments"}. Shared: never changed."""

COLUMN_OF: Final = {column: {"session": "session_id", "user": "user_id"}.get(column, column) for column in CONTEXT}
"""Context column: the column of `spans` that holds it."""

STAMPED: Final = "spanledger.stamped."
"""Before a context column: the resource attribute that is true where an ingest key, not the sender, named it."""

_STRENGTHS: Final = ("stamped", "operator", "associated", "trace", "resource", "named")
_AROUND: Final = ("stamped.", "resource.")
_TRACE_SESSION: Final = "trace.session"
_NOTHING: Final[Words] = {}


@dataclass(slots=True)
class Context:
    """What one span and its resource name. A span is known by its trace id and span id."""

    span: tuple[str, str]
    parent: tuple[str, str]
    words: Words  # the span's own, which its descendants inherit
    around: Words  # its resource's


def surroundings_of(resource: Mapping[str, str], keys: AttributeKeys) -> Words:
    """Return what a resource names, from the texts stored for its attributes."""
    given: Words = {}
    stamped: Words = {}
    for column in CONTEXT:
        for key in getattr(keys, column):
            value = resource.get(key)
            if value:
                if resource.get(STAMPED + column) == "true":
                    stamped[f"stamped.{column}"] = value
                else:
                    given[f"resource.{column}"] = value
                break
    return given | stamped


def words_of(context: Context) -> Words:
    """Return what a span and its resource name; spans that name nothing themselves share one dict."""
    return context.around | context.words if context.words else context.around


def remembered(span: tuple[str, str], parent: tuple[str, str], words: Words) -> Context:
    """Return the context of a stored span from its column `context`."""
    around = {word: value for word, value in words.items() if word.startswith(_AROUND)}
    return Context(span, parent, {word: value for word, value in words.items() if word not in around}, around)


def resolve(contexts: Sequence[Context]) -> list[list[tuple[str, str]]]:
    """Return for each context, in order, (column of `spans`, value); a column that nobody names is left out."""
    inherited = _inherited(contexts)
    sessions = _sessions(contexts, inherited)
    found = []
    for context, seen in zip(contexts, inherited, strict=True):
        said = context.around | seen
        if sessions and context.span[0] in sessions:
            said[_TRACE_SESSION] = sessions[context.span[0]]
        found.append([(column, said[word]) for column, word in _strongest(tuple(said))])
    return found


@lru_cache(maxsize=1024)
def _strongest(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each column of `spans` that these words name, with the word that decides on it."""
    found: dict[str, str] = {}
    for strength in _STRENGTHS:
        for column, name in COLUMN_OF.items():
            word = f"{strength}.{column}"
            if word in words:
                found.setdefault(name, word)
    return list(found.items())


def _inherited(contexts: Sequence[Context]) -> list[Words]:
    """Return for each context its span's own words over those of the span's ancestors."""
    by_span = {context.span: context for context in contexts}
    known: dict[tuple[str, str], Words] = {}
    found = []
    for context in contexts:
        seen = known.get(context.span)
        if seen is None:
            above = known.get(context.parent) if context.parent[1] else _NOTHING
            seen = _inherit(context, by_span, known) if above is None else _over(above, context.words)
            known[context.span] = seen
        found.append(seen)
    return found


def _inherit(
    context: Context, by_span: Mapping[tuple[str, str], Context], known: dict[tuple[str, str], Words]
) -> Words:
    path: list[Context] = []
    visited = set()
    place: Context | None = context
    base = _NOTHING
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
        base = known[step.span] = _over(base, step.words)
    return base


def _cut(path: list[Context], span: tuple[str, str], known: dict[tuple[str, str], Words]) -> Words:
    """Take a circle off the end of a path: nobody can say which of its spans is above, so each has its own words."""
    while path:
        step = path.pop()
        known[step.span] = step.words
        if step.span == span:
            break
    return known[span]


def _over(above: Words, own: Words) -> Words:
    return above | own if above and own else own or above


def _sessions(contexts: Sequence[Context], inherited: Sequence[Words]) -> dict[str, str]:
    """Return by trace the session that its spans name, if all that name one agree and some other has a weaker name.

    A root that knows only the thread (`gen_ai.conversation.id`) so takes the session that its children were given.
    """
    weak = {
        context.span[0]
        for context, seen in zip(contexts, inherited, strict=True)
        if "named.session" in seen and not _named_session(seen)
    }
    named: dict[str, set[str]] = {}
    for context, seen in zip(contexts, inherited, strict=True) if weak else ():
        session = _named_session(seen)
        if session:
            named.setdefault(context.span[0], set()).add(session)
    return {trace: next(iter(named[trace])) for trace in weak if len(named.get(trace, ())) == 1}


def _named_session(words: Words) -> str:
    return words.get("operator.session") or words.get("associated.session") or ""
