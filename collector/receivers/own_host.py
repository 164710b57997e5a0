"""Who asks by another machine's name is a page in a browser here, that has its own name point at 127.0.0.1."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_SENDING = frozenset({"POST", "OPTIONS"})  # these are held against SPANLEDGER_CORS_ORIGINS
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]@]+))(?::[0-9]*)?")  # RFC 9110, 7.2, without its rare forms


class OwnHostOnly:
    """Answers what is not an export only where Host names this machine: an IP address, localhost, or nothing.

    For a receiver on loopback (DNS rebinding). On other addresses any name may lead to us, and /metrics needs a key.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in _SENDING:
            hosts = Headers(scope=scope).getlist("host")
            if not all(map(_is_own, hosts)):
                text = "This port listens on this machine alone: ask for it as localhost or 127.0.0.1."
                await JSONResponse({"detail": text}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_own(host: str) -> bool:
    if not host:
        return True  # an old probe; a browser always names a host
    written = _HOST.fullmatch(host)
    name = (written[1] or written[2]).lower() if written else ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True  # no name, so nobody could make it point elsewhere
