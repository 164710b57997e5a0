"""The runs around a run: which of its session it is, the ones before and after it, and all of them as a list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboard import connection, filters, formatting, links, run_cells, viewer
from dashboard.components.blocks import subheading
from dashboard.components.neighbours import Neighbour, neighbours
from dashboard.components.table import Cell, Column, Row, table
from schema.queries.sessions import load_session

if TYPE_CHECKING:
    from datetime import tzinfo

    from schema.queries.run import Run
    from schema.queries.sessions import Session

KNOWN: Final = 1_000  # runs of a session in which the present one is looked for
SHOWN: Final = 100
_COLUMNS: Final = (
    Column("Started"),
    Column("Run", wide=True),
    Column("Outcome"),
    Column("Duration", numeric=True),
    Column("Cost", numeric=True),
    Column("Input", wide=True),
)


def draw(run: Run, *, path: str) -> None:
    """Draw the session of this run, if it has more than one; its runs are opened on the page at `path`."""
    session = load_session(connection.store(), viewer.scope(), run.first_trace_id, run.team, limit=KNOWN)
    if session.runs <= 1:
        return
    rows = run_cells.plain_rows(session.rows)
    at = next((index for index, row in enumerate(rows) if row["trace_id"] == run.trace_id), None)
    with st.container(key="session", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            subheading("Session", _summary(run, session, at))
            opened = neighbours(_neighbours(rows, at, session.runs, path), label="Runs of this session")
        with st.expander(f"All {formatting.count(session.runs)} runs of this session"):
            opened = _list(rows, at, session.runs, run.trace_id, path) or opened
    if opened:
        links.follow(opened)


def _neighbours(rows: list[dict[str, Any]], at: int | None, runs: int, path: str) -> list[Neighbour]:
    """Return the run before and the one after, as far as they are known."""
    if at is None:
        return []
    before = Neighbour("← Previous run", _href(rows[at - 1], path)) if at else None
    after = Neighbour("Next run →", _href(rows[at + 1], path)) if at + 1 < len(rows) else None
    return [
        before or Neighbour("first run"),
        after or Neighbour("last run" if at + 1 == runs else f"run {at + 2:,} is not listed"),
    ]


def _summary(run: Run, session: Session, at: int | None) -> str:
    number = formatting.plural(session.runs, "run") if at is None else f"run {at + 1:,} of {session.runs:,}"
    facts = [number, f"cost {formatting.cost(session.cost_usd, session.unpriced_calls)}"]
    if session.start_time and session.end:
        span_ns = (session.end - session.start_time) // timedelta(microseconds=1) * 1000
        facts.append(f"{formatting.duration(span_ns)} in all")
    if session.errors:
        facts.append(f"{formatting.count(session.errors)} with an error")
    return " · ".join([*([run.session_id] if run.session_id else []), *facts])


def _list(rows: list[dict[str, Any]], at: int | None, runs: int, present: str, path: str) -> str | None:
    first = max(0, min((at or 0) - SHOWN // 2, len(rows) - SHOWN))
    shown = rows[first : first + SHOWN]
    zone = filters.viewer_zone()
    opened = table(
        "session_table",
        label="Runs of this session, oldest first",
        columns=_COLUMNS,
        rows=[_row(row, zone, path, present=row["trace_id"] == present) for row in shown],
    )
    if len(shown) < runs:
        left = f"{runs - len(shown):,} of {runs:,} are not" + (", this one among them." if at is None else ".")
        st.text(f"Runs {first + 1:,} to {first + len(shown):,} of the session are shown, {left}")
    return opened


def _row(run: dict[str, Any], zone: tzinfo, path: str, *, present: bool) -> Row:
    return Row(
        key=run["trace_id"],
        href="" if present else _href(run, path),
        present=present,
        cells=(
            run_cells.started(run, zone, note="this run" if present else ""),
            Cell(run["root_name"] or formatting.UNKNOWN, title=f"{run['workflow']}: {run['root_name']}"),
            run_cells.outcome(run),
            Cell(formatting.duration(run["duration_ns"] or None)),
            run_cells.cost(run),
            Cell(run["input_preview"] or formatting.UNKNOWN),
        ),
    )


def _href(run: dict[str, Any], path: str) -> str:
    return links.href(path, **links.run_parameters(run["trace_id"], run["team"]))
