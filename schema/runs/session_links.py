"""Queries for the connections of runs: their sessions, their span links, their `first_trace_id`.

The table holds older versions of a run until they are merged away. So a query looks up all versions by an index, then
checks its condition again in the newest version, by `LIMIT 1 BY`. FINAL takes several times as long here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from schema.store.store import Store

RunKey: TypeAlias = tuple[str, str]
"""The identity of a run: its trace id and its team."""

Node: TypeAlias = tuple[str, str, str]
"""A node in the graph of connected runs: ("run", trace id, team), ("session", session id, team) or
("first", trace id, team). The last stands for all runs that carry this `first_trace_id`."""

_TRACES_A_QUERY: Final = 500
_RECENT: Final = 3  # runs of a session that are asked for its `first_trace_id` before all of them are
_COLUMNS: Final = (
    "trace_id, toString(team) AS team, session_id, linked_traces, first_trace_id, closed, span_count,"
    " toUnixTimestamp64Nano(updated_at) AS version, is_deleted, retain_until"
)
_NEWEST: Final = "ORDER BY updated_at DESC LIMIT 1 BY trace_id, team"
_KEY: Final = "concat(trace_id, ' ', team)"
_BY_TRACE: Final = f"SELECT {_COLUMNS} FROM runs WHERE trace_id IN {{traces:Array(String)}} {_NEWEST}"  # noqa: S608 - our own text
_BY_FIRST: Final = (
    "SELECT * FROM (SELECT {columns} FROM runs WHERE (trace_id, team) IN ("  # noqa: S608 - our own text
    "SELECT trace_id, team FROM runs WHERE first_trace_id IN {firsts:Array(String)})"
    f" AND {_KEY} NOT IN {{runs:Array(String)}} {_NEWEST})"
    " WHERE first_trace_id IN {firsts:Array(String)} AND NOT is_deleted"
)
_BY_LINK: Final = (
    f"SELECT {_COLUMNS} FROM runs WHERE (trace_id, team) IN ("  # noqa: S608 - our own text
    f"SELECT trace_id, team FROM runs WHERE hasAny(linked_traces, {{targets:Array(String)}})) {_NEWEST}"
)
_BY_SESSION: Final = (
    f"SELECT {_COLUMNS} FROM runs WHERE (trace_id, team) IN ("  # noqa: S608 - our own text
    "SELECT trace_id, team FROM runs"
    f" WHERE session_id IN {{sessions:Array(String)}} AND {_KEY} NOT IN {{runs:Array(String)}}"
    f" ORDER BY updated_at DESC LIMIT {{most:UInt32}} BY team, session_id) {_NEWEST}"
)
_ALL: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class KnownRun:
    """The newest stored version of a run, with the columns that sessions need."""

    trace_id: str
    team: str
    session_id: str
    linked_traces: list[str]
    first_trace_id: str
    closed: bool
    span_count: int
    version: int  # its `updated_at`, ns since the epoch
    is_deleted: int  # 1: its spans belong to other teams now, so the run is gone
    retain_until: date

    @property
    def key(self) -> RunKey:
        """Its identity."""
        return self.trace_id, self.team

    @property
    def first(self) -> Node:
        """The node of its session."""
        return ("first", self.first_trace_id, self.team)

    @property
    def links(self) -> frozenset[Node]:
        """The nodes that connect it with other runs."""
        return links_of(self.team, self.session_id, self.linked_traces)


def links_of(team: str, session_id: str, linked_traces: Iterable[str]) -> frozenset[Node]:
    """Return the nodes that connect a run with others of its team: its session id, and the runs that it links to."""
    session: list[Node] = [("session", session_id, team)] if session_id else []
    return frozenset([*session, *(("run", trace, team) for trace in linked_traces)])


def known_runs(store: Store, trace_ids: Iterable[str]) -> dict[RunKey, KnownRun]:
    """Return the stored runs of these traces; those that are gone have `is_deleted`."""
    wanted = sorted(set(trace_ids))
    runs: dict[RunKey, KnownRun] = {}
    for first in range(0, len(wanted), _TRACES_A_QUERY):
        runs |= _known(store, _BY_TRACE, {"traces": wanted[first : first + _TRACES_A_QUERY]})
    return runs


def runs_of_firsts(store: Store, firsts: Iterable[Node], without: Iterable[RunKey]) -> dict[RunKey, KnownRun]:
    """Return the runs of these sessions, except those in `without`."""
    wanted = set(firsts)
    runs = _known(store, _BY_FIRST.replace("{columns}", _COLUMNS), _parameters(wanted, without))
    return {key: run for key, run in runs.items() if run.first in wanted}


def rows_of_firsts(store: Store, firsts: Iterable[Node], without: Iterable[RunKey]) -> pa.Table:
    """Return the runs of these sessions, except those in `without`, with all columns of the table."""
    wanted = set(firsts)
    rows = store.query(_BY_FIRST.replace("{columns}", "*"), _parameters(wanted, without))
    nodes = zip(rows.column("first_trace_id").to_pylist(), rows.column("team").to_pylist(), strict=True)
    return rows.filter(pa.array([("first", first, team) in wanted for first, team in nodes], pa.bool_()))


def runs_linking_to(store: Store, targets: Iterable[RunKey]) -> dict[RunKey, KnownRun]:
    """Return the runs that link to one of these."""
    wanted = set(targets)
    traces = sorted({trace for trace, _ in wanted})
    runs = _known(store, _BY_LINK, {"targets": traces}) if wanted else {}
    return {
        key: run
        for key, run in runs.items()
        if not run.is_deleted and any((trace, run.team) in wanted for trace in run.linked_traces)
    }


def firsts_of_sessions(store: Store, sessions: set[Node], without: Iterable[RunKey]) -> dict[Node, Node]:
    """Return the `first` of each of these session ids for which the table holds runs other than `without`.

    All runs with a session id carry the same `first`. So the query looks at the few that were written last, and at all
    of them only if these belong to another session by now.
    """
    firsts: dict[Node, Node] = {}
    left_out, missing, most = _texts(without), set(sessions), _RECENT
    while missing:
        names = sorted({node[1] for node in missing})
        rows = _known(store, _BY_SESSION, {"sessions": names, "runs": left_out, "most": most})
        live = [run for run in rows.values() if not run.is_deleted]
        firsts |= {node: run.first for run in live for node in run.links & missing}
        elsewhere = any(
            run.is_deleted or ("session", run.session_id, run.team) not in sessions for run in rows.values()
        )
        missing = missing - firsts.keys() if elsewhere and most == _RECENT else set()
        most = _ALL
    return firsts


def _parameters(firsts: Iterable[Node], without: Iterable[RunKey]) -> dict[str, object]:
    return {"firsts": sorted({node[1] for node in firsts}), "runs": _texts(without)}


def _texts(runs: Iterable[RunKey]) -> list[str]:
    """Return runs in the form of the expression _KEY."""
    return sorted(" ".join(run) for run in runs)


def _known(store: Store, sql: str, parameters: dict[str, object]) -> dict[RunKey, KnownRun]:
    return {(row["trace_id"], row["team"]): KnownRun(**row) for row in store.query(sql, parameters).to_pylist()}
