"""What the viewer of a page or of its data may read.

The web layer decides it for each connection (`dashboard.web.viewer`) and passes it on in a header: Streamlit runs the
pages in threads of its own, which see the headers of their websocket and nothing else of the connection.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import streamlit as st

from schema.queries.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER: Final = "X-Spanledger-Scope"


def scope() -> Scope:
    """Return the scope of the viewer of the page that runs now; a page whose browser has gone ends here.

    Streamlit has no headers of a websocket that is closed, although a page may still run for it. Raises RuntimeError
    where there are headers and the web layer set none.
    """
    headers = st.context.headers
    if len(headers) == 0:
        st.stop()
    return scope_of(headers)


def scope_of(headers: Mapping[str, str]) -> Scope:
    """Return the scope that the web layer set on a request. Raises RuntimeError where it set none."""
    value = headers.get(HEADER)
    if value is None:
        raise RuntimeError("This request did not pass the web layer, which says what its viewer may read.")
    teams = json.loads(value)
    return Scope(None if teams is None else frozenset(teams))


def as_header(scope: Scope) -> str:
    """Return the value of the header, in ASCII."""
    return json.dumps(None if scope.teams is None else sorted(scope.teams))
