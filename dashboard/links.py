"""Addresses inside the dashboard: every view has one, and a link carries the filter along."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlit.navigation.page import StreamlitPage

FILTER_PARAMETERS = ("range", "from", "to", "team", "workflow")
_PAGES = "pages"
_SHOWN = "page_shown"


def register(pages: Mapping[str, StreamlitPage], shown: StreamlitPage) -> None:
    """Note the pages by address and the one that is shown, for `follow`."""
    st.session_state[_PAGES] = dict(pages)
    st.session_state[_SHOWN] = shown


def page(path: str) -> StreamlitPage:
    """Return the page at this address."""
    found: StreamlitPage = st.session_state[_PAGES][path]
    return found


def filter_parameters() -> dict[str, list[str]]:
    """Return the filter in the address of the page that is shown, for a link to carry along."""
    return {name: st.query_params.get_all(name) for name in FILTER_PARAMETERS if name in st.query_params}


def href(path: str, **parameters: str | int) -> str:
    """Return the address of a page with these parameters and the present filter."""
    query = urlencode({**parameters, **filter_parameters()}, doseq=True)
    return f"{path}?{query}" if query else path


def follow(address: str) -> None:
    """Go to an address that `href` made, without loading the application again."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    if page(parts.path) == st.session_state[_SHOWN]:
        # Switching to the page that is shown would draw it anew and leave the old address in the browser.
        st.query_params.from_dict(query)
        st.rerun()
    st.switch_page(page(parts.path), query_params=query)


def run_parameters(trace_id: str, team: str) -> dict[str, str]:
    """Return what names a run in an address: its trace, and its team, as `team` is the filter's."""
    return {"trace": trace_id, "run_team": team}


def run_team() -> str | None:
    """Return the team that the address names for its run, None if it names none."""
    return st.query_params.get("run_team") or None


def trace_id() -> str | None:
    """Return the trace id of the address, None if it is not one."""
    given = st.query_params.get("trace", "")
    return given if re.fullmatch(r"[0-9a-f]{32}", given) else None
