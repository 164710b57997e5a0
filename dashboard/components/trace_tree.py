"""The spans of a run: tree, waterfall and the selected span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import streamlit as st

from dashboard import assets
from dashboard.components import turns

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY: Final = "trace_view"
_component = st.components.v2.component(
    _KEY,
    html="<div class='root trace'></div>",
    css="".join(assets.text(f"{name}.css") for name in ("base", "content", "records", "trace")),
    js=assets.loader("trace_view.js"),
)


def trace_tree(
    trace_id: str, team: str, *, revision: str, selected: str | None, on_select: Callable[[str], None]
) -> None:
    """Draw the run and, marked, what other teams have in its trace.

    `on_select` gets the id of the span that the viewer picks, before the script runs again. Only addresses pass through
    Streamlit; the browser fetches the spans itself, again whenever `revision` changes.
    """
    data = {
        "url": f"/api/runs/{trace_id}/spans?team={quote(team, safe='')}",
        "team": team,
        "span_url": f"/api/runs/{trace_id}/spans/",
        "revision": f"{trace_id} {team} {revision}",
        "selected": selected,
    }
    turns.mount(_component, _KEY, data, event="select", on_turn=lambda turn: on_select(turn["span"]))
