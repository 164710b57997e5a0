"""Links to what comes before and after the thing that a page is about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard import assets

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY: Final = "neighbours"
_component = st.components.v2.component(
    _KEY,
    html="<nav class='root neighbours'></nav>",
    css=assets.text("base.css") + assets.text("neighbours.css"),
    js=assets.loader("neighbours.js"),
)


@dataclass(frozen=True)
class Neighbour:
    """A link to one of them; without an address its label says that there is none."""

    label: str
    href: str = ""


def neighbours(shown: Sequence[Neighbour], *, label: str, key: str = _KEY) -> str | None:
    """Draw the links and return the address of the one that was just opened, if that is why the script runs."""
    opened = _component(
        key=key,
        data={"label": label, "links": [asdict(neighbour) for neighbour in shown]},
        width="content",
        height="content",
        on_open_change=lambda: None,
    )
    href: str | None = opened.get("open")
    return href
