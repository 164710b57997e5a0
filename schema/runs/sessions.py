"""Sessions: runs of one team that share a session id or that span links connect, transitively.

Every run of a session carries the same `first_trace_id`, the smallest trace id among them. Links and session ids of
other teams connect nothing. So one member of a session is enough to find the session that a run joins, and only members
that get another `first_trace_id` are written. Where a run loses a connection that it had (a late root names another
session), its session may fall apart: all its members are read and connected anew.

`assign_sessions` asks the store; the functions below it are pure.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa

from schema.runs.rows import next_version, with_column
from schema.runs.session_links import (
    firsts_of_sessions,
    known_runs,
    links_of,
    rows_of_firsts,
    runs_linking_to,
    runs_of_firsts,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from schema.runs.rows import RunSummary
    from schema.runs.session_links import KnownRun, Node, RunKey
    from schema.store.store import Store


def assign_sessions(
    store: Store, runs: Iterable[RunSummary], known: Mapping[RunKey, KnownRun], gone: Mapping[RunKey, KnownRun]
) -> tuple[dict[RunKey, str], pa.Table | None]:
    """Return the `first_trace_id` of each of these runs, which are about to be written, and other runs that it changes.

    `known` has the stored versions of the runs, `gone` the runs that leave the table. The other runs are whole rows;
    insert them together with the runs, so that a killed process leaves all or nothing. None: there are no others.
    """
    links = {run.key: links_of(run.team, run.session_id, run.linked_traces) for run in runs}
    added = added_links(links, known)
    loose = {key: known[key] for key in runs_with_removed_links(links, known)} | dict(gone)
    sources = runs_linking_to(store, (links.keys() - known.keys()) | loose.keys())
    leaves, split = split_sessions(loose, sources.values())
    members = runs_of_firsts(store, split, without=gone) if split else {}
    # What connects each run with a session that the table holds already.
    memberships = [(run_node(key), known[key].first) for key in (links.keys() & known.keys()) - leaves]
    memberships += links_into(links, (run for key, run in sources.items() if key not in links and key not in gone))
    memberships += _stored_neighbours(store, added, without={*links, *gone})
    smallest = smallest_traces(
        {key: member.links for key, member in members.items()} | links,
        [(run, first) for run, first in memberships if first not in split],
    )
    moved = {node for node, first in smallest.items() if node[0] == "first" and first != node[1]}
    others = _changed_rows(store, split | moved, links.keys() | gone.keys(), smallest)
    return {key: smallest[run_node(key)] for key in links}, others


def _stored_neighbours(
    store: Store, added: Mapping[RunKey, Iterable[Node]], without: Collection[RunKey]
) -> list[tuple[Node, Node]]:
    """Return what the table holds at the other end of new links: a node, and the `first` of a run connected with it."""
    by_link: defaultdict[Node, list[RunKey]] = defaultdict(list)
    for run, links in added.items():
        for link in links:
            by_link[link].append(run)
    neighbours = list(firsts_of_sessions(store, {link for link in by_link if link[0] == "session"}, without).items())
    targets = {link[1:] for link in by_link if link[0] == "run"} - set(without)
    for target in known_runs(store, {trace for trace, _ in targets}).values():
        if target.key in targets and not target.is_deleted:
            neighbours += [(run_node(run), target.first) for run in by_link[run_node(target.key)]]
    return neighbours


def _changed_rows(
    store: Store, firsts: set[Node], without: Iterable[RunKey], smallest: Mapping[Node, str]
) -> pa.Table | None:
    """Return the rows of other runs that carry one of `firsts` and get another; None if no session changes."""
    if not firsts:
        return None
    rows = rows_of_firsts(store, firsts, without)
    before = rows.column("first_trace_id").to_pylist()
    runs = zip(rows.column("trace_id").to_pylist(), rows.column("team").to_pylist(), before, strict=True)
    after = [smallest.get(("run", trace, team)) or smallest.get(("first", old, team), old) for trace, team, old in runs]
    rows = with_column(rows, "first_trace_id", pa.array(after, pa.string()))
    return next_version(rows.filter(pa.array([new != old for new, old in zip(after, before, strict=True)], pa.bool_())))


def run_node(run: RunKey) -> Node:
    """Return the node of a run."""
    return ("run", *run)


def added_links(
    links: Mapping[RunKey, frozenset[Node]], known: Mapping[RunKey, KnownRun]
) -> dict[RunKey, frozenset[Node]]:
    """Return the links of each run that its stored version does not have; all of a run that is new."""
    return {key: own - known[key].links if key in known else own for key, own in links.items()}


def runs_with_removed_links(links: Mapping[RunKey, frozenset[Node]], known: Mapping[RunKey, KnownRun]) -> set[RunKey]:
    """Return the runs that lack a link of their stored version."""
    return {key for key, own in links.items() if key in known and not own >= known[key].links}


def split_sessions(loose: Mapping[RunKey, KnownRun], sources: Iterable[KnownRun]) -> tuple[set[RunKey], set[Node]]:
    """Return the loose runs that are leaves, and the sessions that may fall apart without the other loose runs.

    A loose run is gone or has lost a link. It is a leaf if no run links to it, it links to none, and its session is not
    named after it: the others stay together as they were. `sources` are the runs that link to one of the loose runs.
    """
    targets = {(target, source.team) for source in sources for target in source.linked_traces}
    leaves = {
        key
        for key, run in loose.items()
        if key not in targets and not run.linked_traces and run.first_trace_id != run.trace_id
    }
    return leaves, {run.first for key, run in loose.items() if key not in leaves}


def links_into(runs: Collection[RunKey], sources: Iterable[KnownRun]) -> list[tuple[Node, Node]]:
    """Return, for each of these runs that a source links to, its node and the `first` of the source."""
    return [
        (run_node((trace, source.team)), source.first)
        for source in sources
        for trace in source.linked_traces
        if (trace, source.team) in runs
    ]


def smallest_traces(
    links: Mapping[RunKey, Collection[Node]], memberships: Iterable[tuple[Node, Node]]
) -> dict[Node, str]:
    """Return, for every run and every `first`, the smallest trace id among the runs that it is connected with.

    `links` has the nodes that each run is connected with: session ids, and runs, which count only if they are among
    these. `memberships` connects further pairs, such as a run and the `first` of a stored session.
    """
    connected = _Connected()
    for key, nodes in links.items():
        connected.top(run_node(key))
        for node in nodes:
            if node[0] == "session" or node[1:] in links:
                connected.join(run_node(key), node)
    for one, other in memberships:
        connected.join(one, other)
    return connected.smallest()


class _Connected:
    """Nodes and their connections: union-find with path halving."""

    def __init__(self) -> None:
        self._above: dict[Node, Node] = {}

    def top(self, node: Node) -> Node:
        above = self._above
        above.setdefault(node, node)
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    def join(self, one: Node, other: Node) -> None:
        self._above[self.top(one)] = self.top(other)

    def smallest(self) -> dict[Node, str]:
        """Return, for every run and every `first_trace_id`, the smallest trace id that it is connected with."""
        named = [(node, self.top(node)) for node in list(self._above) if node[0] != "session"]
        smallest: dict[Node, str] = {}
        for node, top in named:
            smallest[top] = min(smallest.get(top, node[1]), node[1])
        return {node: smallest[top] for node, top in named}
