"""Team, workflow, version, session, user and environment of a span: its own, its ancestors', its resource's.

Strongest first: what an ingest key stamped on the resource, the operator's own keys on the span, on its nearest
ancestor, a dialect's association keys on the span, on its nearest ancestor, the session that the rest of the trace
agrees on, the operator's keys on the resource, names that a framework generated (`gen_ai.workflow.name`, a thread id)
on the span, on its nearest ancestor. Ancestors of another team count for nothing (schema/normalise/several_teams.py);
those that came in another request are looked up in the store (schema/runs/late_context.py), by what each span's column
`context` remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from schema.dialects.rules import CONTEXT
from schema.normalise.from_above import from_above
from schema.normalise.several_teams import inherited_within, teams_of
from schema.otlp.attributes import STAMPED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.policy.policy import AttributeKeys

Words: TypeAlias = dict[str, str]
"""Names of context by strength, as in the column `context`: {"operator.team": "payments"}. Shared: never changed."""

COLUMN_OF: Final = {column: {"session": "session_id", "user": "user_id"}.get(column, column) for column in CONTEXT}
"""Context column: the column of `spans` that holds it."""

_STRENGTHS: Final = ("stamped", "operator", "associated", "trace", "resource", "named")
_AROUND: Final = ("stamped.", "resource.")
_TEAM: Final = "team"
_STAMPED_TEAM: Final = "stamped.team"
_TRACE_SESSION: Final = "trace.session"
_NOTHING: Final[Words] = {}


@dataclass(slots=True)
class Context:
    """The context that one span and its resource name. The identity of a span here: its trace id and span id."""

    span: tuple[str, str]
    parent: tuple[str, str]
    words: Words  # the span's own, which its descendants inherit
    around: Words  # its resource's


def surroundings_of(resource: Mapping[str, str], keys: AttributeKeys) -> Words:
    """Return what a resource names, from the texts stored for its attributes."""
    named: Words = {}
    stamped: Words = {}
    for column in CONTEXT:
        for key in getattr(keys, column):
            value = resource.get(key)
            if value:
                if resource.get(STAMPED + column) == "true":
                    stamped[f"stamped.{column}"] = value
                else:
                    named[f"resource.{column}"] = value
                break
    return named | stamped


def words_of(context: Context) -> Words:
    """Return what a span and its resource name; spans that name nothing themselves share one dict."""
    return context.around | context.words if context.words else context.around


def remembered(span: tuple[str, str], parent: tuple[str, str], words: Words) -> Context:
    """Return the context of a stored span from its column `context`."""
    around = {word: value for word, value in words.items() if word.startswith(_AROUND)}
    return Context(span, parent, {word: value for word, value in words.items() if word not in around}, around)


def own_team(context: Context) -> str:
    """Return the team that a span and its resource name by themselves, "" if they name none."""
    words, around = context.words, context.around
    return (
        around.get(_STAMPED_TEAM)
        or words.get("operator.team")
        or words.get("associated.team")
        or around.get("resource.team")
        or words.get("named.team")
        or ""
    )


def resolve(contexts: Sequence[Context]) -> list[list[tuple[str, str]]]:
    """Return for each context, in order, (column of `spans`, value); a column without a name is left out.

    Of contexts of one span, the one that was received first comes first.
    """
    own = [own_team(context) for context in contexts]
    if len(set(own)) <= 1:  # the usual request: all of one team, or of none
        return _columns(contexts, _inherited(contexts))
    traces: dict[str, list[int]] = {}
    for index, context in enumerate(contexts):
        traces.setdefault(context.span[0], []).append(index)
    resolved: list[list[tuple[str, str]]] = [[] for _ in contexts]
    for indexes in traces.values():
        some = [contexts[index] for index in indexes]
        for index, values in zip(indexes, _of_trace(some, [own[index] for index in indexes]), strict=True):
            resolved[index] = values
    return resolved


def _of_trace(contexts: Sequence[Context], own: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Return the values of one trace's contexts. Names of a team stay within the spans of that team."""
    teams = set(own) - {""}
    if len(teams) > 1:
        return _of_teams(contexts, own)
    resolved = _columns(contexts, _inherited(contexts))
    for team in teams:  # the only one: spans that name none belong to it
        for values in resolved:
            if not any(column == _TEAM for column, _ in values):
                values.append((_TEAM, team))
    return resolved


def _of_teams(contexts: Sequence[Context], own: Sequence[str]) -> list[list[tuple[str, str]]]:
    teams = teams_of(contexts, own, [_STAMPED_TEAM in context.around for context in contexts])
    inherited = inherited_within(contexts, teams)
    resolved: list[list[tuple[str, str]]] = [[] for _ in contexts]
    of_team: dict[str, list[int]] = {}
    for index, team in enumerate(teams):
        of_team.setdefault(team, []).append(index)
    for team, indexes in of_team.items():
        values = _columns([contexts[index] for index in indexes], [inherited[index] for index in indexes])
        named = [(_TEAM, team)] if team else []
        for index, pairs in zip(indexes, values, strict=True):
            resolved[index] = [*((column, value) for column, value in pairs if column != _TEAM), *named]
    return resolved


def _columns(contexts: Sequence[Context], inherited: Sequence[Words]) -> list[list[tuple[str, str]]]:
    sessions = _sessions(contexts, inherited)
    resolved = []
    for context, own in zip(contexts, inherited, strict=True):
        words = context.around | own
        if sessions and context.span[0] in sessions:
            words[_TRACE_SESSION] = sessions[context.span[0]]
        resolved.append([(column, words[word]) for column, word in _strongest(tuple(words))])
    return resolved


@lru_cache(maxsize=1024)
def _strongest(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each column of `spans` that these words name, with the word that decides on it."""
    deciding: dict[str, str] = {}
    for strength in _STRENGTHS:
        for column, name in COLUMN_OF.items():
            word = f"{strength}.{column}"
            if word in words:
                deciding.setdefault(name, word)
    return list(deciding.items())


def _inherited(contexts: Sequence[Context]) -> list[Words]:
    """Return for each context its span's own words over those of the span's ancestors."""
    by_span = {context.span: context for context in contexts}
    known: dict[tuple[str, str], Words] = {}

    def parent(span: tuple[str, str]) -> tuple[str, str] | None:
        above = by_span[span].parent
        return above if above[1] and above in by_span else None

    def words(span: tuple[str, str], above: Words | None) -> Words:
        return _over(above or _NOTHING, by_span[span].words)

    inherited = []
    for context in contexts:
        seen = known.get(context.span)
        if seen is None:
            above = known.get(context.parent) if context.parent[1] else _NOTHING
            if above is None:
                from_above([context.span], parent, words, known)
                seen = known[context.span]
            else:
                seen = known[context.span] = words(context.span, above)
        inherited.append(seen)
    return inherited


def _over(above: Words, own: Words) -> Words:
    return above | own if above and own else own or above


def _sessions(contexts: Sequence[Context], inherited: Sequence[Words]) -> dict[str, str]:
    """Return by trace the session that its spans name, if all that name one agree and some other has a weaker name.

    A root that knows only the thread (`gen_ai.conversation.id`) gets the session of its children this way.
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
