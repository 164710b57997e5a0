"""The one store that this process serves, and the address that fills it.

Streamlit runs the pages as scripts and gives them no way to reach the server that started them, so the server leaves
the store here. A process serves one dashboard: Streamlit allows no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema.store.store import Store

_connected: list[tuple[Store, str, bool]] = []


def connect(store: Store, endpoint: str, *, signs_in: bool = False) -> None:
    """Serve this store from now on; exporters that fill it send to `endpoint` (OTLP/HTTP).

    `signs_in` says that viewers gave a password, and so can sign out.
    """
    _connected[:] = [(store, endpoint, signs_in)]


def store() -> Store:
    """Return the store that is served."""
    return _connection()[0]


def endpoint() -> str:
    """Return the OTLP/HTTP address that exporters send to."""
    return _connection()[1]


def signs_in() -> bool:
    """Whether viewers sign in."""
    return _connection()[2]


def _connection() -> tuple[Store, str, bool]:
    if not _connected:
        raise RuntimeError("No store is connected: build the application with dashboard.web.server.create_app.")
    return _connected[0]
