"""A component that the viewer takes turns in. What it tells comes with the number of the turn.

Streamlit can run a script that was asked for before the last turn, and then hands the component an address that is
older than what is on its screen. So the component gets the last turn that was heard along with the data: while that
is behind its own count, it keeps to its screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def mount(
    component: Callable[..., object],
    key: str,
    data: Mapping[str, object],
    *,
    event: str,
    on_turn: Callable[[dict[str, Any]], None],
) -> None:
    """Draw the component; `on_turn` gets what the viewer did, before the script runs again."""
    heard = f"{key}_heard"

    def hear() -> None:
        told = st.session_state[key][event]
        st.session_state[heard] = told["turn"]
        on_turn(told)

    component(
        key=key,
        data={**data, "heard": st.session_state.get(heard, 0)},
        height="content",
        **{f"on_{event}_change": hear},
    )
