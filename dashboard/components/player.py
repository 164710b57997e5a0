"""Replay of a run, step by step. The clock runs in the browser; Python hears where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import streamlit as st

from dashboard import assets
from dashboard.components import turns

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY: Final = "player"
_component = st.components.v2.component(
    _KEY,
    html="<div class='root player'></div>",
    css=assets.text("base.css") + assets.text("content.css") + assets.text("player.css"),
    js=assets.loader("player.js"),
)


def player(trace_id: str, team: str, *, revision: str, step: int, on_step: Callable[[int], None]) -> None:
    """Draw the player at `step` (from 1); `on_step` gets the one the viewer goes to, before the script runs again."""
    data = {
        "url": f"/api/runs/{trace_id}/steps?team={quote(team, safe='')}",
        "team": team,
        "span_url": f"/api/runs/{trace_id}/spans/",
        "revision": f"{trace_id} {team} {revision}",
        "step": step,
    }
    turns.mount(_component, _KEY, data, event="step", on_turn=lambda turn: on_step(int(turn["step"])))
