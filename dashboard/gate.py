"""Who may talk to the dashboard: a pure ASGI gate in front of everything, HTTP and websocket alike."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "spanledger"
_COOKIE_AGE_S = 12 * 3600
_POLICY_VIOLATION = 1008


def is_loopback(host: str) -> bool:
    """Say whether a host name without a port can only mean this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Gate:
    """Let a request through to the application, or answer it here.

    Bound to loopback, the danger is a web page that the user visits: it can point its own name at 127.0.0.1 (DNS
    rebinding), so only loopback Host headers pass. Otherwise a password is asked for (HTTP Basic, any user name); the
    answer sets a signed cookie, because browsers do not reliably send Basic credentials with a websocket.
    Everywhere a websocket and a writing request must come from our own origin.
    """

    def __init__(self, application: ASGIApp, *, password: str | None, loopback: bool) -> None:
        if not loopback and not password:
            raise ValueError(
                "The dashboard is bound to an address that others can reach: set a dashboard password, "
                "or bind it to 127.0.0.1."
            )
        self._application = application
        self._password = password
        self._loopback = loopback
        # A new key at each start: signing in again after a restart is the price of having no key to keep.
        self._key = secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return
        if not self._password or self._has_cookie(headers):
            await self._application(scope, receive, send)
        elif self._has_password(headers):
            await self._application(scope, receive, self._with_cookie(scope, send))
        else:
            answer = _error(401, "Sign in with the dashboard password (any user name).")
            answer.headers["WWW-Authenticate"] = 'Basic realm="Spanledger", charset="UTF-8"'
            await _refuse(answer, scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
            origin = urlsplit(headers.get("origin", "")).netloc
        except ValueError:
            return _error(400, "The Host or Origin header cannot be read.")
        if self._loopback and not is_loopback(name):
            return _error(403, "This dashboard answers to localhost only: the Host header names another machine.")
        writes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if writes and "origin" in headers and origin.lower() != host.lower():
            return _error(403, "The Origin header names another site.")
        return None

    def _has_password(self, headers: Headers) -> bool:
        scheme, _, encoded = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, (self._password or "").encode())

    def _signature(self, expires: str) -> str:
        return hmac.new(self._key, expires.encode(), hashlib.sha256).hexdigest()

    def _has_cookie(self, headers: Headers) -> bool:
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        expires, _, signature = (morsel.value if morsel else "").partition(".")
        signed = hmac.compare_digest(signature.encode(), self._signature(expires).encode())
        return signed and expires.isdecimal() and int(expires) > time.time()

    def _with_cookie(self, scope: Scope, send: Send) -> Send:
        expires = str(int(time.time()) + _COOKIE_AGE_S)
        secure = "; Secure" if scope["scheme"] in ("https", "wss") else ""
        cookie = (
            f"{COOKIE}={expires}.{self._signature(expires)}; "
            f"Max-Age={_COOKIE_AGE_S}; Path=/; HttpOnly; SameSite=Strict{secure}"
        )

        async def send_with_cookie(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        return send_with_cookie


def _error(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status, headers={"Cache-Control": "no-store"})


async def _refuse(answer: JSONResponse, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await answer(scope, receive, send)
        return
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
