"""The script that Streamlit runs for each viewer: the frame around every page."""

from __future__ import annotations

import streamlit as st

from dashboard import assets, connection, links, store_away, theme
from dashboard.pages import costs, latency, ledger, replay, run, runs

st.set_page_config(
    page_title="Spanledger",
    page_icon=str(assets.FOLDER / "favicon.svg"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
pages = {
    "/": st.Page(runs.page, title="Runs · Spanledger", url_path="runs", default=True),
    "/costs": st.Page(costs.page, title="Costs · Spanledger", url_path="costs"),
    "/latency": st.Page(latency.page, title="Latency · Spanledger", url_path="latency"),
    "/ledger": st.Page(ledger.page, title="Ledger · Spanledger", url_path="ledger"),
    "/run": st.Page(run.page, title="Run · Spanledger", url_path="run"),
    "/replay": st.Page(replay.page, title="Replay · Spanledger", url_path="replay"),
}
current = st.navigation(list(pages.values()), position="hidden")
links.register(pages, current)
theme.style()
with st.container(horizontal=True, vertical_alignment="center", key="top_bar"):
    st.html(theme.WORDMARK, width="content")
    for path, label, icon in (
        ("/", "Runs", ":material/list_alt:"),
        ("/costs", "Costs", ":material/payments:"),
        ("/latency", "Latency", ":material/timer:"),
        ("/ledger", "Ledger", ":material/receipt_long:"),
    ):
        # Every link carries the filter, so moving between pages keeps it and the address says so.
        st.page_link(pages[path], label=label, icon=icon, query_params=links.filter_parameters())
    if connection.signs_in():
        st.html('<a class="sl-sign-out" href="/sign-out" target="_self">Sign out</a>', width="content")
with store_away.errors_shown():
    current.run()
theme.end_of_page()
