"""Protects a receiver on loopback from DNS rebinding: a web page whose host name resolves to 127.0.0.1 is refused."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_SENDING = frozenset({"POST", "OPTIONS"})  # SPANLEDGER_CORS_ORIGINS covers these
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]@]+))(?::[0-9]*)?")  # RFC 9110, 7.2, without its rare forms


class OwnHostOnly:
    """Answers requests other than exports only if Host is an IP address, localhost or missing.

    For a receiver on loopback. On other addresses any name may lead to the receiver, and /metrics needs a key.
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
        return True  # an old probe; a browser always sends a host
    parts = _HOST.fullmatch(host)
    name = (parts[1] or parts[2]).lower() if parts else ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True  # an IP address needs no DNS, so it cannot be rebound
