"""Pages of the dashboard without a browser: their script runs, and what it says can be read."""

from __future__ import annotations

from pathlib import Path

import streamlit
from streamlit.testing.v1 import AppTest

from dashboard.web import server

ENTRY = Path(server.__file__).parents[1] / "entry" / "app.py"
# AppTest opens no page but the default one where pages are functions.
_RUN_FIRST = """
import streamlit as st
from dashboard import links
from dashboard.pages import replay, run, runs

pages = {
    "/run": st.Page(run.page, url_path="run", default=True),
    "/": st.Page(runs.page, url_path="runs"),
    "/replay": st.Page(replay.page, url_path="replay"),
}
current = st.navigation(list(pages.values()), position="hidden")
links.register(pages, current)
current.run()
"""


def opened(**query: str) -> AppTest:
    """Open the list of runs with these query parameters."""
    return _run(AppTest.from_file(ENTRY, default_timeout=30), query)


def opened_run(trace_id: str, **query: str) -> AppTest:
    """Open the page of a run."""
    return _run(AppTest.from_string(_RUN_FIRST, default_timeout=30), {"trace": trace_id, **query})


def _run(page: AppTest, query: dict[str, str]) -> AppTest:
    streamlit.cache_resource.clear()
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    """Return its texts, those inside our components apart."""
    return "\n".join(element.value for element in [*page.get("html"), *page.markdown, *page.text])
