"""The filter that all views share: time range, teams, workflows. The address of the page is the truth about it.

Streamlit can bind a widget to a query parameter, but then it drops a value that it does not know without a word, and
only on pages that draw the widget. Here the address is read on each run and widgets write into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from dashboard import connection, viewer
from dashboard.components import blocks
from schema.queries.filters import Facets, Filter, facets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schema.queries.scope import Scope

RANGES: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
DEFAULT_RANGE: Final = "24h"
CUSTOM: Final = "custom"
_MINUTE: Final = timedelta(minutes=1)
_AHEAD: Final = 2 * _MINUTE  # a sender's clock may be ahead of ours


@dataclass(frozen=True)
class Selection:
    """What the address asks for; `problems` says, in sentences, what in it could not be understood."""

    range: str
    filter: Filter
    problems: tuple[str, ...] = ()


def parse(query: Mapping[str, Sequence[str]], now: datetime) -> Selection:
    """Read the filter out of query parameters: `range`, `from` and `to` (ISO 8601), `team` and `workflow`, repeated.

    Relative ranges move in whole minutes, so that every viewer asks the same question within one.
    """
    problems = []
    chosen = next(iter(query.get("range", ())), CUSTOM if "from" in query or "to" in query else DEFAULT_RANGE)
    if chosen not in RANGES and chosen != CUSTOM:
        known = ", ".join([*RANGES, CUSTOM])
        problems.append(f"The address asks for the time range “{chosen[:40]}”: write one of {known}.")
        chosen = DEFAULT_RANGE
    minute = now.replace(second=0, microsecond=0)
    start, end = minute - RANGES[DEFAULT_RANGE if chosen == CUSTOM else chosen], minute + _AHEAD
    if chosen == CUSTOM:
        try:
            given = (_moment("from", query) or start, _moment("to", query) or end)
        except ValueError as error:
            problems.append(str(error))
            given = None
        if given and given[0] >= given[1]:
            problems.append("The address asks for a time range whose “from” is not before its “to”.")
            given = None
        if given:
            start, end = given
        else:
            chosen = DEFAULT_RANGE
    named = {
        name: tuple(dict.fromkeys(value for value in query.get(name, ()) if value)) for name in ("team", "workflow")
    }
    return Selection(chosen, Filter(start, end, named["team"], named["workflow"]), tuple(problems))


def _moment(name: str, query: Mapping[str, Sequence[str]]) -> datetime | None:
    given = next(iter(query.get(name, ())), "")
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(
            f"The address says {name}={given[:40]}, which is not a time: write it like 2026-01-31T14:00."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def viewer_zone() -> tzinfo:
    """Return the time zone of the viewer's browser; UTC where it says none."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def current() -> Selection:
    """Return what the address of the page asks for now."""
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    return parse(query, datetime.now(UTC))


def bar() -> Selection:
    """Draw the filter bar and return what is selected."""
    selection = current()
    zone = viewer_zone()
    available = _facets(viewer.scope(), selection.filter.start, selection.filter.end)
    state = st.session_state
    # Written before the widgets are drawn, so that they show the address also after the Back button.
    state["filter_range"] = selection.range
    state["filter_team"] = list(selection.filter.teams)
    state["filter_workflow"] = list(selection.filter.workflows)
    with st.container(horizontal=True, vertical_alignment="center", key="filter_bar"):
        st.segmented_control(
            "Time range",
            [*RANGES, CUSTOM],
            format_func=lambda name: "Custom" if name == CUSTOM else name,
            key="filter_range",
            required=True,
            label_visibility="collapsed",
            on_change=_range_changed,
            args=(selection.filter.start, selection.filter.end),
        )
        if selection.range == CUSTOM:
            for name, label, moment in (
                ("from", "From", selection.filter.start),
                ("to", "To", selection.filter.end),
            ):
                state[f"filter_{name}"] = moment.astimezone(zone).replace(tzinfo=None)
                st.datetime_input(
                    f"{label} ({zone})",
                    key=f"filter_{name}",
                    label_visibility="collapsed",
                    on_change=_moment_changed,
                    args=(name, zone),
                    width=200,
                )
        for name, label, offered, chosen in (
            ("team", "Team", available.teams, selection.filter.teams),
            ("workflow", "Workflow", available.workflows, selection.filter.workflows),
        ):
            st.multiselect(
                label,
                # What the address names stays choosable even when it has no runs in this range.
                sorted({*offered, *chosen}),
                key=f"filter_{name}",
                placeholder=f"All {name}s",
                label_visibility="collapsed",
                on_change=_names_changed,
                args=(name,),
                width=260,
            )
    for problem in selection.problems:
        blocks.notice(f"{problem} Showing the last {DEFAULT_RANGE} instead.")
    return selection


@st.cache_resource(ttl=10, max_entries=256, show_spinner=False)
def _facets(scope: Scope, start: datetime, end: datetime) -> Facets:
    return facets(connection.store(), scope, start, end)


def _write(changes: Mapping[str, str | list[str] | None]) -> None:
    """Write the address in one go: each single write would be a step of the Back button."""
    query: dict[str, str | list[str]] = {name: st.query_params.get_all(name) for name in st.query_params}
    query.pop("page", None)  # another filter has other pages
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    st.query_params.from_dict(query)


def _range_changed(start: datetime, end: datetime) -> None:
    chosen = st.session_state["filter_range"]
    if chosen == CUSTOM:
        _write({"range": CUSTOM, "from": _iso(start), "to": _iso(end)})
    else:
        _write({"range": None if chosen == DEFAULT_RANGE else chosen, "from": None, "to": None})


def _moment_changed(name: str, zone: tzinfo) -> None:
    moment = st.session_state[f"filter_{name}"]
    _write({"range": CUSTOM, name: _iso(moment.replace(tzinfo=zone)) if moment else None})


def _names_changed(name: str) -> None:
    _write({name: list(st.session_state[f"filter_{name}"])})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
