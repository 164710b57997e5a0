"""What the table `runs` says of how runs are connected: their sessions, their span links, their `first_trace_id`.

The table holds older versions of a run until they are merged away. So what an index finds among all versions is looked
at again in the newest, by `LIMIT 1 BY`: FINAL merges what it then throws away, and takes several times as long here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from schema.store import Store

Node: TypeAlias = tuple[str, ...]
"""What connects: ("run", trace id), ("session", team, session id) or ("first", first_trace_id)."""

_TRACES_A_QUERY: Final = 500
_RECENT: Final = 3  # runs of a session that are asked for its `first_trace_id` before all of them are
_COLUMNS: Final = (
    "trace_id, toString(team) AS team, session_id, linked_traces, first_trace_id, closed, span_count,"
    " toUnixTimestamp64Nano(updated_at) AS version"
)
_NEWEST: Final = "ORDER BY updated_at DESC LIMIT 1 BY trace_id"
_BY_TRACE: Final = f"SELECT {_COLUMNS} FROM runs WHERE trace_id IN {{traces:Array(String)}} {_NEWEST}"  # noqa: S608 - our own text
_BY_FIRST: Final = (
    "SELECT * FROM (SELECT {columns} FROM runs WHERE trace_id IN ("  # noqa: S608 - our own text
    "SELECT trace_id FROM runs WHERE first_trace_id IN {firsts:Array(String)})"
    f" AND trace_id NOT IN {{traces:Array(String)}} {_NEWEST}) WHERE first_trace_id IN {{firsts:Array(String)}}"
)
_BY_LINK: Final = (
    f"SELECT {_COLUMNS} FROM runs WHERE trace_id IN ("  # noqa: S608 - our own text
    f"SELECT trace_id FROM runs WHERE hasAny(linked_traces, {{targets:Array(String)}})) {_NEWEST}"
)
_BY_SESSION: Final = (
    f"SELECT {_COLUMNS} FROM runs WHERE trace_id IN ("  # noqa: S608 - our own text
    "SELECT trace_id FROM runs WHERE session_id IN {sessions:Array(String)} AND trace_id NOT IN {traces:Array(String)}"
    f" ORDER BY updated_at DESC LIMIT {{most:UInt32}} BY team, session_id) {_NEWEST}"
)
_ALL: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Known:
    """What the newest version of a run says."""

    trace_id: str
    team: str
    session_id: str
    linked_traces: list[str]
    first_trace_id: str
    closed: bool
    span_count: int
    version: int  # its `updated_at`, ns since the epoch

    @property
    def keys(self) -> frozenset[Node]:
        """What connects it with others."""
        return keys_of(self.team, self.session_id, self.linked_traces)


def keys_of(team: str, session_id: str, linked_traces: Iterable[str]) -> frozenset[Node]:
    """Return what connects a run with others: its session, and the runs that it links to."""
    session = [("session", team, session_id)] if session_id else []
    return frozenset([*session, *(("run", trace) for trace in linked_traces)])


def known_runs(store: Store, trace_ids: Iterable[str]) -> dict[str, Known]:
    """Return these runs as far as the table holds them, by trace id."""
    wanted = sorted(trace_ids)
    found: dict[str, Known] = {}
    for first in range(0, len(wanted), _TRACES_A_QUERY):
        found |= _known(store, _BY_TRACE, {"traces": wanted[first : first + _TRACES_A_QUERY]})
    return found


def of_firsts(store: Store, firsts: Iterable[str]) -> dict[str, Known]:
    """Return the runs that carry one of these `first_trace_id`, by trace id."""
    return _known(store, _BY_FIRST.replace("{columns}", _COLUMNS), {"firsts": sorted(firsts), "traces": []})


def whole_of_firsts(store: Store, firsts: Iterable[str], without: Iterable[str]) -> pa.Table:
    """Return the runs that carry one of these `first_trace_id` with all their columns."""
    sql = _BY_FIRST.replace("{columns}", "*")
    return store.query(sql, {"firsts": sorted(firsts), "traces": sorted(without)})


def linking(store: Store, targets: Iterable[str]) -> dict[str, Known]:
    """Return the runs that link to one of these traces, by trace id."""
    wanted = sorted(targets)
    found = _known(store, _BY_LINK, {"targets": wanted}) if wanted else {}
    return {trace: run for trace, run in found.items() if not set(wanted).isdisjoint(run.linked_traces)}


def firsts_of_sessions(store: Store, sessions: set[Node], without: Iterable[str]) -> dict[Node, str]:
    """Return the `first_trace_id` of these sessions, as far as the table holds runs of them beside `without`.

    All runs of a session carry the same. So a few of those that were written last answer, unless all of them belong to
    another session by now.
    """
    found: dict[Node, str] = {}
    missing, most = set(sessions), _RECENT
    while missing:
        names = sorted({node[2] for node in missing})
        rows = _known(store, _BY_SESSION, {"sessions": names, "traces": sorted(without), "most": most})
        nodes = [(node, run.first_trace_id) for run in rows.values() for node in run.keys & missing]
        found |= dict(nodes)
        elsewhere = any(("session", run.team, run.session_id) not in sessions for run in rows.values())
        missing = missing - found.keys() if elsewhere and most == _RECENT else set()
        most = _ALL
    return found


def _known(store: Store, sql: str, parameters: dict[str, object]) -> dict[str, Known]:
    return {row["trace_id"]: Known(**row) for row in store.query(sql, parameters).to_pylist()}
