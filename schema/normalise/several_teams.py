"""Teams of spans in a trace that names several, and what each span inherits within its team.

The team of a span is the one that its ingest key stamped, else the one that it or an ancestor names. A stamped ancestor
names a team for itself only. A span without a team by then takes that of its nearest ancestor that has one.
Nothing but the team is inherited from a span of another team (docs/adr/0017-a-run-is-of-one-team.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schema.normalise.from_above import from_above

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schema.normalise.context import Context, Words

_RESOURCE: Final = "resource.team"
_STRENGTHS: Final = ("operator.team", "associated.team", _RESOURCE, "named.team")
_INHERITED: Final = frozenset(_STRENGTHS) - {_RESOURCE}


def teams_of(contexts: Sequence[Context], own: Sequence[str], stamped: Sequence[bool]) -> list[str]:
    """Return the team of each context of one trace, "" for none.

    `own` is the team that each names by itself, `stamped` whether it is an ingest key's. Of contexts of one span id,
    the one that was received first comes first.
    """
    named = list(own)
    free = [index for index, other in enumerate(stamped) if not other]
    words: dict[int, Words] = {}
    from_above(free, _parents(contexts, free, own), lambda index, above: _team_words(contexts[index], above), words)
    for index in free:
        all_words = words[index] | contexts[index].around
        named[index] = next((all_words[word] for word in _STRENGTHS if word in all_words), "")
    by_id: dict[str, str] = {}
    for index in free:
        if named[index]:
            by_id.setdefault(contexts[index].span[1], named[index])
    for index in free:  # an unfinished copy may not name it yet
        named[index] = named[index] or by_id.get(contexts[index].span[1], "")
    everyone = range(len(contexts))
    first = {contexts[index].span[1]: index for index in reversed(everyone)}
    for index in reversed(everyone):  # of spans under one id, the first that has a team
        if named[index]:
            first[contexts[index].span[1]] = index
    taken: dict[int, str] = {}
    from_above(
        everyone,
        lambda index: first.get(contexts[index].parent[1]) if not named[index] else None,
        lambda index, above: named[index] or above or "",
        taken,
    )
    return [taken[index] for index in everyone]


def inherited_within(contexts: Sequence[Context], teams: Sequence[str]) -> list[Words]:
    """Return for each context of one trace its own words over those of its ancestors of the same team."""
    spans = [(context.span[1], team) for context, team in zip(contexts, teams, strict=True)]
    last = dict(zip(spans, contexts, strict=True))  # of copies of one span, the last counts

    def above(span: tuple[str, str]) -> tuple[str, str] | None:
        parent = last[span].parent[1], span[1]
        return parent if parent[0] and parent in last else None

    words: dict[tuple[str, str], Words] = {}
    from_above(last, above, lambda span, over: (over or {}) | last[span].words, words)
    return [words[span] for span in spans]


def _parents(contexts: Sequence[Context], free: Sequence[int], own: Sequence[str]) -> Callable[[int], int | None]:
    """Return how to find the parent of a span among these: one that names the same team, one that names none, any."""
    by_name: dict[tuple[str, str], int] = {}
    first: dict[str, int] = {}
    for index in free:
        by_name[contexts[index].span[1], own[index]] = index
        first.setdefault(contexts[index].span[1], index)

    def parent(index: int) -> int | None:
        above = contexts[index].parent[1]
        for name in (own[index], ""):
            if above and (above, name) in by_name:
                return by_name[above, name]
        return first.get(above) if above else None

    return parent


def _team_words(context: Context, above: Words | None) -> Words:
    own = {word: value for word, value in context.words.items() if word in _INHERITED}
    return (above or {}) | own
