"""Blocks of HTML that Streamlit has no element for. Everything that comes from outside is escaped here.

Streamlit's own titles and messages read Markdown, so what senders wrote must not go into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Iterable

Tone = Literal["", "good", "bad", "warn", "unknown"]
OUTCOMES: dict[str, tuple[str, Tone]] = {
    "success": ("✓ success", "good"),
    "failure": ("✕ failure", "bad"),
    "escalated": ("↗ escalated", "warn"),
}


def outcome(name: str) -> tuple[str, Tone]:
    """Return how an outcome is written, with its sign, and its tone."""
    return OUTCOMES.get(name, ("? unknown", "unknown"))


@dataclass(frozen=True)
class Fact:
    """A label, its figure and what there is to say about it."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


def facts(shown: Iterable[Fact], *, label: str) -> None:
    """Draw figures side by side; `label` names the group for those who listen to the page."""
    st.html(
        f"<dl class='sl-facts' aria-label='{escape(label)}'>"
        + "".join(
            f"<div class='sl-fact {fact.tone}'><dt>{escape(fact.label)}</dt><dd>{escape(fact.value)}</dd>"
            f"<dd class='sl-note'>{escape(fact.note)}</dd></div>"
            for fact in shown
        )
        + "</dl>"
    )


def heading(title: str, *, before: str = "") -> None:
    """Draw the heading of a page with a quiet text before it."""
    written = escape(title)
    st.html(
        f"<div class='sl-heading'><span class='sl-quiet'>{escape(before)}</span>"
        f"<h1 title='{written}'>{written}</h1></div>"
    )


def subheading(title: str, note: str = "") -> None:
    """Draw the heading of a part of a page."""
    st.html(f"<div class='sl-heading'><h2>{escape(title)}</h2><span class='sl-quiet'>{escape(note)}</span></div>")


def notice(text: str, tone: Literal["good", "quiet", "warn", "bad"] = "warn") -> None:
    """Show a sentence about what is on the page; a screen reader does not interrupt for a good or a quiet one."""
    sign = {"good": "✓", "quiet": "…", "warn": "!", "bad": "✕"}[tone]
    role = "status" if tone in {"good", "quiet"} else "alert"
    st.html(f"<div class='sl-notice {tone}' role='{role}'><b aria-hidden='true'>{sign}</b><p>{escape(text)}</p></div>")
