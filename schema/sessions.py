"""Sessions: runs of one team that share a session id, and runs that span links connect, transitively.

Every run of a session carries the same `first_trace_id`, the smallest trace id among them. So one member tells the
session that a run joins, however many there are, and only members that get another `first_trace_id` are written. Where
a run that held others together lacks a connection that it had (a late root names another session), the members of its
session are read and told apart anew.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from schema.connections import firsts_of_sessions, keys_of, known_runs, linking, of_firsts, whole_of_firsts
from schema.run_rows import next_version, with_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schema.connections import Known, Node
    from schema.store import Store


class _Connected:
    """Nodes and what connects them: union-find with path halving."""

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
        found: dict[Node, str] = {}
        for node, top in named:
            found[top] = min(found.get(top, node[1]), node[1])
        return {node: found[top] for node, top in named}


def stitch(store: Store, runs: Iterable[dict[str, Any]], known: Mapping[str, Known]) -> pa.Table | None:
    """Set `first_trace_id` of these runs, which are about to be written; return the others that it changes for.

    `runs` are rows of the table with their `team`, `session_id` and `linked_traces`; `known` is what the table says of
    them. The others are whole rows and belong into the same insert, so that a killed process leaves all or nothing.
    """
    given = {run["trace_id"]: run for run in runs}
    keys = {trace: keys_of(run["team"], run["session_id"], run["linked_traces"]) for trace, run in given.items()}
    added = {trace: keys[trace] - known[trace].keys if trace in known else keys[trace] for trace in given}
    left = {trace: known[trace] for trace in given.keys() & known.keys() if not keys[trace] >= known[trace].keys}
    linked = linking(store, (given.keys() - known.keys()) | left.keys())
    targets = {target for source in linked.values() for target in source.linked_traces}
    leaves = {trace for trace, run in left.items() if _is_leaf(run) and trace not in targets}
    lost = {run.first_trace_id for trace, run in left.items() if trace not in leaves}
    if lost:
        keys = {trace: member.keys for trace, member in of_firsts(store, lost).items()} | keys
    connected = _Connected()
    for trace, connections in keys.items():
        connected.top(("run", trace))
        for key in connections:
            if key[0] == "session" or key[1] in keys:
                connected.join(("run", trace), key)
    stays = ((("run", trace), known[trace].first_trace_id) for trace in (given.keys() & known.keys()) - leaves)
    sources = (run for trace, run in linked.items() if trace not in given)
    for node, first in (*stays, *_linking(sources, given), *_neighbours(store, added)):
        if first not in lost:
            connected.join(node, ("first", first))
    smallest = connected.smallest()
    for trace, run in given.items():
        run["first_trace_id"] = smallest["run", trace]
    moved = {node[1] for node, first in smallest.items() if node[0] == "first" and first != node[1]}
    return _changed(store, lost | moved, given, smallest)


def _is_leaf(run: Known) -> bool:
    """Tell whether a run that nothing links to can leave its session and the others stay together as they were."""
    return not run.linked_traces and run.first_trace_id != run.trace_id


def _linking(sources: Iterable[Known], given: Iterable[str]) -> Iterator[tuple[Node, str]]:
    """Return, for the given runs that others link to, their node and the `first_trace_id` of these others."""
    wanted = set(given)
    for source in sources:
        for trace in wanted.intersection(source.linked_traces):
            yield ("run", trace), source.first_trace_id


def _neighbours(store: Store, added: Mapping[str, Iterable[Node]]) -> Iterator[tuple[Node, str]]:
    """Return what the table holds at the connections that are new to these runs, by trace id.

    Each is a node, and the `first_trace_id` of another run that is connected with it.
    """
    by_key: defaultdict[Node, list[str]] = defaultdict(list)
    for trace, keys in added.items():
        for key in keys:
            by_key[key].append(trace)
    yield from firsts_of_sessions(store, {key for key in by_key if key[0] == "session"}, without=added).items()
    targets = {key[1] for key in by_key if key[0] == "run"} - added.keys()
    for target in known_runs(store, targets).values():
        for trace in by_key["run", target.trace_id]:
            yield ("run", trace), target.first_trace_id


def _changed(store: Store, firsts: set[str], given: Iterable[str], smallest: Mapping[Node, str]) -> pa.Table | None:
    """Return, whole, the other runs that carry one of `firsts` and shall carry another; None if there are none."""
    if not firsts:
        return None
    rows = whole_of_firsts(store, firsts, without=given)
    before = rows.column("first_trace_id").to_pylist()
    after = [
        smallest.get(("run", trace)) or smallest.get(("first", old), old)
        for trace, old in zip(rows.column("trace_id").to_pylist(), before, strict=True)
    ]
    rows = with_column(rows, "first_trace_id", pa.array(after, pa.string()))
    return next_version(rows.filter(pa.array([new != old for new, old in zip(after, before, strict=True)], pa.bool_())))
