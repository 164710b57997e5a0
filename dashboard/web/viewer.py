"""Decides what the viewer of each connection may read, after the gate has let it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.viewer import HEADER, as_header
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_NAME = HEADER.lower().encode()


class ViewerScope:
    """Sets the scope of the viewer on every connection; one that the client sent is dropped.

    There are no roles yet, so every viewer who is let in reads everything.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on with the scope of its viewer."""
        if scope["type"] in ("http", "websocket"):
            others = [pair for pair in scope["headers"] if pair[0].lower() != _NAME]
            scope = {**scope, "headers": [*others, (_NAME, as_header(EVERYTHING).encode())]}
        await self._application(scope, receive, send)
