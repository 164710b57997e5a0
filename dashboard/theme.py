"""Colours and the style sheet that every page shares."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final
from urllib.parse import quote

import streamlit as st

from dashboard import assets

# Okabe and Ito, "Color Universal Design" (2008): people with colour vision deficiencies can tell these colours apart.
PALETTE: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A200")
REMAINDER: Final = "#8C8C8C"

WORDMARK: Final = f"<div class='sl-wordmark'>Spanledger <small>{version('spanledger')}</small></div>"


def style() -> None:
    """Put the style sheet on the page."""
    mark = quote((assets.FOLDER / "favicon.svg").read_text(encoding="utf-8"))
    # Streamlit removes drawings from HTML, so the mark comes in through the style sheet.
    wordmark = f".sl-wordmark::before {{ background: url('data:image/svg+xml,{mark}') }}"
    st.html(f"<style>{assets.text('page.css')}{wordmark}</style>")


def end_of_page() -> None:
    """Mark the end: everything above is on the page once this is. Tests wait for it."""
    st.html("<i id='page-end' hidden></i>")
