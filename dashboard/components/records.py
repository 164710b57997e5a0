"""Log records of a run that belong to no span, as a list that the browser fetches by itself."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import streamlit as st

from dashboard import assets

_KEY: Final = "records"
_component = st.components.v2.component(
    _KEY,
    html="<div class='root'></div>",
    css="".join(assets.text(f"{name}.css") for name in ("base", "content", "records")),
    js=assets.loader("records_view.js"),
)


def records(trace_id: str, team: str, *, label: str, total: int) -> None:
    """Draw the list; it is fetched again when `total`, how many records there are, has changed."""
    _component(
        key=_KEY,
        data={
            "url": f"/api/runs/{trace_id}/logs?team={quote(team, safe='')}",
            "revision": f"{trace_id} {team} {total}",
            "label": label,
        },
        height="content",
    )
