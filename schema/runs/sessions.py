"""Sessions: runs of one team that share a session id or that span links connect, transitively.

Every run of a session carries the same `first_trace_id`, the smallest trace id among them; nothing that another team
links or names joins it. So one member tells the session that a run joins, however many there are, and only members that
get another `first_trace_id` are written. Where a run that held others together lacks a connection that it had (a late
root names another session), the members of its session are read and told apart anew.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from schema.runs.rows import next_version, with_column
from schema.runs.session_links import firsts_of_sessions, keys_of, known_runs, linking, of_firsts, whole_of_firsts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schema.runs.session_links import Known, Node, RunKey
    from schema.store.store import Store


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


def stitch(
    store: Store, runs: Iterable[dict[str, Any]], known: Mapping[RunKey, Known], gone: Mapping[RunKey, Known]
) -> pa.Table | None:
    """Set `first_trace_id` of these runs, which are about to be written; return the others that it changes for.

    `runs` are rows of the table with their `team`, `session_id` and `linked_traces`; `known` is what the table says of
    them, `gone` the runs that leave it. The others are whole rows and belong into the same insert, so that a killed
    process leaves all or nothing.
    """
    given = {(run["trace_id"], run["team"]): run for run in runs}
    keys = {key: keys_of(run["team"], run["session_id"], run["linked_traces"]) for key, run in given.items()}
    added = {key: keys[key] - known[key].keys if key in known else keys[key] for key in given}
    left = {key: known[key] for key in given.keys() & known.keys() if not keys[key] >= known[key].keys} | dict(gone)
    linked = linking(store, (given.keys() - known.keys()) | left.keys())
    targets = {(target, source.team) for source in linked.values() for target in source.linked_traces}
    leaves = {key for key, run in left.items() if _is_leaf(run) and key not in targets}
    lost = {run.first for key, run in left.items() if key not in leaves}
    if lost:
        keys = {key: member.keys for key, member in of_firsts(store, lost, without=gone).items()} | keys
    connected = _Connected()
    for key, connections in keys.items():
        connected.top(("run", *key))
        for other in connections:
            if other[0] == "session" or other[1:] in keys:
                connected.join(("run", *key), other)
    stays = ((_node(key), known[key].first) for key in (given.keys() & known.keys()) - leaves)
    sources = (run for key, run in linked.items() if key not in given and key not in gone)
    for node, first in (*stays, *_linking(sources, given), *_neighbours(store, added, gone)):
        if first not in lost:
            connected.join(node, first)
    smallest = connected.smallest()
    for key, run in given.items():
        run["first_trace_id"] = smallest[_node(key)]
    moved = {node for node, first in smallest.items() if node[0] == "first" and first != node[1]}
    return _changed(store, lost | moved, given.keys() | gone.keys(), smallest)


def _node(run: RunKey) -> Node:
    return ("run", *run)


def _is_leaf(run: Known) -> bool:
    """Tell whether a run that nothing links to can leave its session and the others stay together as they were."""
    return not run.linked_traces and run.first_trace_id != run.trace_id


def _linking(sources: Iterable[Known], given: Iterable[RunKey]) -> Iterator[tuple[Node, Node]]:
    """Return, for the given runs that others link to, their node and the `first` of these others."""
    wanted = set(given)
    for source in sources:
        for key in wanted.intersection((trace, source.team) for trace in source.linked_traces):
            yield _node(key), source.first


def _neighbours(
    store: Store, added: Mapping[RunKey, Iterable[Node]], gone: Iterable[RunKey]
) -> Iterator[tuple[Node, Node]]:
    """Return what the table holds at the connections that are new to these runs.

    Each is a node, and the `first` of another run that is connected with it.
    """
    by_key: defaultdict[Node, list[RunKey]] = defaultdict(list)
    for run, keys in added.items():
        for key in keys:
            by_key[key].append(run)
    without = {*added, *gone}
    yield from firsts_of_sessions(store, {key for key in by_key if key[0] == "session"}, without).items()
    targets = {key[1:] for key in by_key if key[0] == "run"} - without
    for target in known_runs(store, {trace for trace, _ in targets}).values():
        if target.key in targets and not target.is_deleted:
            for run in by_key[_node(target.key)]:
                yield _node(run), target.first


def _changed(
    store: Store, firsts: set[Node], without: Iterable[RunKey], smallest: Mapping[Node, str]
) -> pa.Table | None:
    """Return, whole, the other runs that carry one of `firsts` and shall carry another; None if there are none."""
    if not firsts:
        return None
    rows = whole_of_firsts(store, firsts, without)
    before = rows.column("first_trace_id").to_pylist()
    runs = zip(rows.column("trace_id").to_pylist(), rows.column("team").to_pylist(), before, strict=True)
    after = [smallest.get(("run", trace, team)) or smallest.get(("first", old, team), old) for trace, team, old in runs]
    rows = with_column(rows, "first_trace_id", pa.array(after, pa.string()))
    return next_version(rows.filter(pa.array([new != old for new, old in zip(after, before, strict=True)], pa.bool_())))
