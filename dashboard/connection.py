"""The one store that this process serves.

Streamlit runs the pages as scripts and gives them no way to reach the server that started them, so the server leaves
the store here. A process serves one dashboard: Streamlit allows no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema.store import Store

_connected: list[Store] = []


def connect(store: Store) -> None:
    """Serve this store from now on."""
    _connected[:] = [store]


def store() -> Store:
    """Return the store that is served."""
    if not _connected:
        raise RuntimeError("No store is connected: build the application with dashboard.server.create_app.")
    return _connected[0]
