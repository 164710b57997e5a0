"""Replay: a run step by step, in the order in which it happened."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard import session_panel
from dashboard.components.blocks import notice
from dashboard.components.player import player
from dashboard.pages.run import requested_run, top

LAST_STEP: Final = 10_000_000


def page() -> None:
    """Draw the page."""
    run = requested_run()
    if run is None:
        return
    top(run, label="Tree", path="/run", icon=":material/account_tree:")
    session_panel.draw(run, path="/replay")
    st.fragment(_body)(run.trace_id, run.team, run.updated_at.isoformat())


def _body(trace_id: str, team: str, revision: str) -> None:
    player(trace_id, team, revision=revision, step=_step(), on_step=_go_to)


def _go_to(step: int) -> None:
    st.query_params["step"] = str(step)


def _step() -> int:
    given = st.query_params.get("step", "1")
    if given.isdecimal() and 1 <= int(given) <= LAST_STEP:
        return int(given)
    notice(f"The address asks for step “{given[:40]}”: write a number from 1. Showing step 1 instead.")
    return 1
