"""One run: its facts, its spans as a tree with a waterfall, and the span that is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import connection, filters, formatting, links, session_panel, store_away, viewer
from dashboard.components.blocks import Fact, facts, heading, notice, outcome, subheading
from dashboard.components.neighbours import Neighbour, neighbours
from dashboard.components.records import records
from dashboard.components.trace_tree import trace_tree
from schema.queries.arrivals import last_arrival
from schema.queries.logs import count_loose_logs
from schema.queries.run import load_run, other_teams

if TYPE_CHECKING:
    from datetime import tzinfo

    from schema.queries.run import OtherTeam, Run

_REFRESH_S: Final = 2.0
_STILL_ARRIVING: Final = timedelta(minutes=1)


def page() -> None:
    """Draw the page; a run whose spans are still arriving is followed.

    What follows is kept apart from the tree: Streamlit can draw anew what is in a part that runs by itself.
    """
    run = requested_run()
    if run is None:
        return
    top(run, label="Replay", path="/replay", icon=":material/play_circle:")
    growing = not run.closed or datetime.now(UTC) - run.updated_at < _STILL_ARRIVING
    others = other_teams(connection.store(), viewer.scope(), run.trace_id, run.team)
    st.fragment(_follow, run_every=_REFRESH_S if growing else None)(run, others)
    session_panel.draw(run, path="/run")
    _other_teams(run, others)
    st.fragment(_spans)(run, others)
    _records(run)


def requested_run() -> Run | None:
    """Return the run that the address names, or say why there is none."""
    trace_id = links.trace_id()
    run = _load(trace_id, links.run_team()) if trace_id else None
    if run is None:
        given = st.query_params.get("trace", "")[:80]
        if trace_id:
            notice(f"There is no run {given}. It may have reached the end of its retention, or not have arrived yet.")
        elif given:
            notice(f"“{given}” is not a trace id: it has 32 hexadecimal digits, in lower case.")
        else:
            notice("The address names no run: open one from the list of runs.")
        _back()
    return run


def _load(trace_id: str, team: str | None) -> Run | None:
    """Return the run of this team; a link that names another one, or none, leads to the first run of its trace."""
    named = load_run(connection.store(), viewer.scope(), trace_id, team) if team else None
    return named or load_run(connection.store(), viewer.scope(), trace_id)


def _back() -> None:
    st.page_link(links.page("/"), label="Runs", icon=":material/arrow_back:", query_params=links.filter_parameters())


def top(run: Run, *, label: str, path: str, icon: str) -> None:
    """Draw what the page of a run and its replay begin with: the way back, its name and a link to the other one."""
    with st.container(horizontal=True, vertical_alignment="center", key="run_top"):
        _back()
        version = f" {run.workflow_version}" if run.workflow_version else ""
        heading(run.root_name or run.workflow, before=f"{run.team} / {run.workflow}{version}")
        st.page_link(
            links.page(path),
            label=label,
            icon=icon,
            query_params={**links.run_parameters(run.trace_id, run.team), **links.filter_parameters()},
        )


def _follow(drawn: Run, others: list[OtherTeam]) -> None:
    with store_away.errors_shown():
        run = load_run(connection.store(), viewer.scope(), drawn.trace_id, drawn.team)
        if run is None:
            notice(
                f"The run {drawn.trace_id} of team {drawn.team} is no longer there: it has reached the end of its "
                "retention, or its spans were found to be of another team."
            )
            return
        now_there = other_teams(connection.store(), viewer.scope(), run.trace_id, run.team)
        if (run.updated_at, now_there) != (drawn.updated_at, others):
            st.rerun()
        _facts(run, filters.viewer_zone())
        _completeness(run, filters.viewer_zone())


def _completeness(run: Run, zone: tzinfo) -> None:
    spans = formatting.plural(run.span_count, "span")
    if run.complete:
        return
    if not run.closed:
        notice(
            f"This run is still arriving: of its {spans} so far, the root or the parent of some has not come yet. "
            "Those are marked “parent missing”; the page follows by itself.",
            "quiet",
        )
        return
    latest = last_arrival(connection.store(), viewer.scope(), run.trace_id, run.team)
    since = f"since {formatting.moment(latest, zone)} ({zone})" if latest else "for a while"
    notice(
        f"This run was closed without its root, or without the parent of some of its {spans}: nothing has come for it "
        f"{since}. Those are marked “parent missing”, and the figures are of the spans that came."
    )


def _spans(run: Run, others: list[OtherTeam]) -> None:
    trace_tree(
        run.trace_id,
        run.team,
        revision=f"{run.updated_at.isoformat()} {others}",
        selected=st.query_params.get("span"),
        on_select=_select,
    )


def _other_teams(run: Run, others: list[OtherTeam]) -> None:
    """Say which other teams have spans in the trace: runs of their own, of which nothing is counted here."""
    if not others:
        return
    have = "other team has" if len(others) == 1 else "other teams have"
    st.text(f"{formatting.count(len(others))} {have} spans in this trace, which are not counted here:")
    opened = neighbours([_other(run, other) for other in others], label="Other teams in this trace", key="other_teams")
    if opened:
        links.follow(opened)


def _other(run: Run, other: OtherTeam) -> Neighbour:
    spans, cost = formatting.plural(other.span_count, "span"), formatting.cost(other.cost_usd, other.unpriced_calls)
    href = links.href("/run", **links.run_parameters(run.trace_id, other.team))
    return Neighbour(f"{other.team} ({spans}, {cost})", href)


def _select(span_id: str) -> None:
    st.query_params["span"] = span_id


def _records(run: Run) -> None:
    total = count_loose_logs(connection.store(), viewer.scope(), run.trace_id, run.team)
    if total:
        subheading("Records without a span", formatting.plural(total, "log record"))
        records(run.trace_id, run.team, label="Log records without a span", total=total)


def _facts(run: Run, zone: tzinfo) -> None:
    label, tone = outcome(run.outcome)
    failed = run.model_errors + run.tool_errors
    facts(
        [
            Fact("Outcome", label, "the root failed" if run.error else "", tone),
            Fact("Started", formatting.moment(run.start_time, zone), str(zone)),
            Fact("Duration", formatting.duration(run.duration_ns or None)),
            Fact(
                "Cost",
                formatting.money(
                    run.cost_usd, missing=formatting.NO_PRICE if run.unpriced_calls else formatting.UNKNOWN
                ),
                _cost_note(run),
                "warn" if run.unpriced_calls else "",
            ),
            Fact("Input tokens", formatting.tokens(run.input_tokens), _cached(run)),
            Fact("Output tokens", formatting.tokens(run.output_tokens)),
            Fact("Model calls", formatting.count(run.model_calls), ", ".join(run.models)),
            Fact("Tool calls", formatting.count(run.tool_calls), ", ".join(run.tools)),
            Fact("Errors in calls", formatting.count(failed), tone="bad" if failed else ""),
            Fact("Redacted", formatting.count(sum(run.findings.values())), ", ".join(sorted(run.findings))),
        ],
        label="Facts of the run",
    )


def _cost_note(run: Run) -> str:
    """Return what the cost lacks and why, and what the agent itself reported for everything."""
    notes = []
    if run.unpriced_calls:
        missing = f"+ {formatting.plural(run.unpriced_calls, 'call')} without a price"
        notes.append(": ".join(filter(None, [missing, formatting.reasons(run.unpriced_reasons)])))
    if run.reported_cost_usd is not None:
        notes.append(f"the agent reports {formatting.money(run.reported_cost_usd)}")
    return "; ".join(notes)


def _cached(run: Run) -> str:
    return f"{formatting.tokens(run.cached_input_tokens)} cached" if run.cached_input_tokens else ""
