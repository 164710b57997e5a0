"""The spans of a run: tree, waterfall and the selected span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import assets

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY: Final = "trace_view"
_HEARD: Final = "trace_tree_heard"  # the last turn of the viewer that is in the address
_component = st.components.v2.component(
    _KEY,
    html="<div class='root trace'></div>",
    css=assets.text("base.css") + assets.text("content.css") + assets.text("trace.css"),
    js=assets.loader("trace_view.js"),
)


def trace_tree(trace_id: str, *, revision: str, selected: str | None, on_select: Callable[[str], None]) -> None:
    """Draw the run; `on_select` gets the id of the span that the viewer picks, before the script runs again.

    Only addresses pass through Streamlit; the browser fetches the spans itself, again whenever `revision` changes.
    """

    def hear() -> None:
        told = st.session_state[_KEY]["select"]
        st.session_state[_HEARD] = told["turn"]
        on_select(told["span"])

    _component(
        key=_KEY,
        data={
            "url": f"/api/runs/{trace_id}/spans",
            "span_url": f"/api/runs/{trace_id}/spans/",
            "heard": st.session_state.get(_HEARD, 0),
            "revision": f"{trace_id} {revision}",
            "selected": selected,
        },
        height="content",
        on_select_change=hear,
    )
