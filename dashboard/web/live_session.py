"""A connection that is served while its session is good: a websocket of hours ends when its user signs out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dashboard.web.sessions import Session, Sessions

_POLICY_VIOLATION: Final = 1008


async def serve_while_good(
    application: ASGIApp, sessions: Sessions, session: Session, connection: tuple[Scope, Receive, Send]
) -> None:
    """Serve a request to its end, and a websocket until it closes or its session is over or revoked."""
    scope, receive, send = connection
    if scope["type"] != "websocket":
        await application(scope, receive, send)
        return
    revoked = sessions.opened(session)
    over = False

    async def receive_while_good() -> Message:
        nonlocal over
        if not over:
            coming = asyncio.ensure_future(receive())
            ending = asyncio.ensure_future(revoked.wait())
            done, _ = await asyncio.wait(
                {coming, ending}, timeout=session.seconds_left, return_when=asyncio.FIRST_COMPLETED
            )
            ending.cancel()
            if coming in done and ending not in done:
                return coming.result()
            coming.cancel()
            over = True
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}

    async def send_while_good(message: Message) -> None:
        if not over:  # what the application still sends is dropped
            await send(message)

    try:
        await application(scope, receive_while_good, send_while_good)
    finally:
        sessions.closed(session, revoked)
