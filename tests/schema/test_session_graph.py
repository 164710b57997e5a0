"""How runs of sessions connect, as pure functions on links that need no store."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from schema.runs.session_links import KnownRun, links_of
from schema.runs.sessions import (
    added_links,
    links_into,
    runs_with_removed_links,
    smallest_traces,
    split_sessions,
)

if TYPE_CHECKING:
    from schema.runs.session_links import Node, RunKey

A, B, C = ("a", "t"), ("b", "t"), ("c", "t")


def known(trace: str, *linked: str, session: str = "", first: str = "", team: str = "t") -> KnownRun:
    return KnownRun(trace, team, session, list(linked), first or trace, False, 1, 0, 0, date(2030, 1, 1))  # noqa: FBT003


def links(session: str = "", *linked: str, team: str = "t") -> frozenset[Node]:
    return links_of(team, session, linked)


def test_a_run_is_linked_by_its_session_and_its_span_links_within_its_team() -> None:
    assert links("s", "b") == {("session", "s", "t"), ("run", "b", "t")}
    assert links() == frozenset()
    assert not links("s", "b") & links("s", "b", team="u")


def test_added_links_are_those_that_the_stored_version_lacks() -> None:
    runs = {A: links("s", "b"), B: links("s")}
    assert added_links(runs, {A: known("a", "c", session="s")}) == {A: links("", "b"), B: links("s")}
    assert added_links(runs, {A: known("a", "b", session="s"), B: known("b", session="s")}) == {A: links(), B: links()}


def test_removed_links_are_found_in_runs_that_were_stored() -> None:
    runs = {A: links("s"), B: links("s", "c"), C: links()}
    stored = {A: known("a", session="other"), B: known("b", session="s")}
    assert runs_with_removed_links(runs, stored) == {A}
    assert runs_with_removed_links(runs, {}) == set()


def test_only_a_run_that_holds_nothing_together_leaves_without_splitting_its_session() -> None:
    leaf, linking, named = known("c", first="a"), known("b", "x", first="a"), known("a", first="a")
    assert split_sessions({C: leaf}, []) == ({C}, set())
    assert split_sessions({C: leaf}, [known("z", "c")]) == (set(), {("first", "a", "t")})
    assert split_sessions({C: leaf}, [known("z", "c", team="u")]) == ({C}, set())
    assert split_sessions({B: linking}, []) == (set(), {("first", "a", "t")})
    assert split_sessions({A: named}, []) == (set(), {("first", "a", "t")})


def test_links_into_runs_name_the_session_of_their_source() -> None:
    sources = [known("z", "a", "x", first="q"), known("y", "a", team="u")]
    assert links_into({A, B}, sources) == [(("run", "a", "t"), ("first", "q", "t"))]


def test_a_link_to_a_run_that_is_not_there_connects_nothing() -> None:
    smallest = smallest_traces({B: links("", "a"), C: links("", "a")}, [])
    assert smallest == {("run", "b", "t"): "b", ("run", "c", "t"): "c"}


def test_a_stored_session_gets_the_smallest_trace_of_the_runs_that_join_it() -> None:
    smallest = smallest_traces({A: links()}, [(("run", "a", "t"), ("first", "b", "t"))])
    assert smallest == {("run", "a", "t"): "a", ("first", "b", "t"): "a"}


_TRACE = st.sampled_from("abcdefgh")
_RUNS = st.dictionaries(
    st.tuples(_TRACE, st.sampled_from("tu")), st.tuples(st.sampled_from(["", "s", "r"]), st.lists(_TRACE, max_size=2))
)


@given(runs=_RUNS, pairs=st.lists(st.tuples(_TRACE, _TRACE, st.sampled_from("tu")), max_size=3))
def test_connected_nodes_get_the_smallest_trace_by_definition(
    runs: dict[RunKey, tuple[str, list[str]]], pairs: list[tuple[str, str, str]]
) -> None:
    memberships: list[tuple[Node, Node]] = [(("run", run, team), ("first", first, team)) for run, first, team in pairs]
    nodes = {key: links_of(key[1], *linked) for key, linked in runs.items()}
    edges = [(("run", *key), node) for key, own in nodes.items() for node in own]
    edges = [(one, other) for one, other in edges if other[0] == "session" or other[1:] in nodes] + memberships
    group = {node: {node} for node in [("run", *key) for key in nodes] + [node for edge in edges for node in edge]}
    for one, other in edges:
        merged = group[one] | group[other]
        for node in merged:
            group[node] = merged
    expected = {
        node: min(other[1] for other in members if other[0] != "session")
        for node, members in group.items()
        if node[0] != "session"
    }
    assert smallest_traces(nodes, memberships) == expected
