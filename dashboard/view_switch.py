"""A switch between a few views of one page, kept in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence


def segmented(label: str, options: Sequence[str], *, parameter: str) -> str:
    """Draw the switch and return the option that the query parameter names; without one, the first."""
    given = st.query_params.get(parameter, options[0])
    if given not in options:
        blocks.notice(f"The address says {parameter}={given[:40]}: write one of {', '.join(options)}.")
        given = options[0]
    key = f"choice_{parameter}"
    st.session_state[key] = given
    st.segmented_control(
        label,
        options,
        format_func=str.capitalize,
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=_write,
        args=(parameter, options[0]),
    )
    return given


def _write(parameter: str, default: str) -> None:
    chosen = st.session_state[f"choice_{parameter}"]
    if chosen == default:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = chosen
