"""A component in which the viewer acts. Each action has a number, its turn.

Streamlit can run a script that was requested before the last turn. The component then gets data that is older than its
screen. So the data names the last turn that arrived here: while that is behind the component's own count, the
component keeps its screen.
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
    """Draw the component; `on_turn` gets the viewer's action before the script runs again."""
    heard = f"{key}_heard"

    def hear() -> None:
        turn = st.session_state[key][event]
        st.session_state[heard] = turn["turn"]
        on_turn(turn)

    component(
        key=key,
        data={**data, "heard": st.session_state.get(heard, 0)},
        height="content",
        **{f"on_{event}_change": hear},
    )
