"""Who may talk to the dashboard: a pure ASGI gate in front of everything, HTTP and websocket alike."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import logging
import math
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from dashboard.web.live_session import serve_while_good
from dashboard.web.sessions import Sessions
from dashboard.web.sign_in_pages import address_of, load_again_page, own_address, sign_in_page, sign_out_page
from dashboard.web.throttle import Throttle, client_name

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dashboard.web.sessions import Session

log = logging.getLogger(__name__)

_MOST_FORM_BYTES: Final = 8192
_POLICY_VIOLATION: Final = 1008
_ASK: Final = "Sign in with the dashboard password (any user name)."


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
    rebinding), so only loopback Host headers pass. Where there is a password, it is asked for: of a browser by a form,
    of a program by HTTP Basic (any user name). The answer sets a signed cookie, which opens websockets too. Everywhere
    a websocket and a writing request must come from our own origin.
    """

    def __init__(self, application: ASGIApp, *, password: str | None, loopback: bool) -> None:
        if not loopback and not password:
            raise ValueError(
                "The dashboard is bound to an address that others can reach: set a dashboard password, "
                "or bind it to 127.0.0.1."
            )
        self._application = application
        self._password = _digest((password or "").encode())
        self._asks = bool(password)
        self._loopback = loopback
        self._sessions = Sessions()
        self._throttle = Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(refusal, scope, receive, send)
        elif not self._asks:
            await self._application(scope, receive, send)
        else:
            await self._signed_in(scope, headers, receive, send)

    async def _signed_in(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Serve who is signed in; who is not is asked, or signs in now."""
        known = self._sessions.signed(headers.getlist("cookie"), scope["scheme"])
        session = next((one for one in known if self._sessions.good(one)), None)
        path = scope["path"] if scope["type"] == "http" else ""
        if path == "/sign-out":
            await self._sign_out(scope, session)(scope, receive, send)
        elif path == "/sign-in":
            answer = await self._sign_in(Request(scope, receive), headers, known)
            await answer(scope, receive, send)
        elif session is not None:
            await serve_while_good(self._application, self._sessions, session, (scope, receive, send))
        else:
            given = _basic_password(headers)
            problem = self._attempt(scope, given, known) if given is not None else _Problem(401, _ASK)
            if problem is None:
                session = self._sessions.begin()
                await self._application(scope, receive, self._with_cookie(session, scope, send))
            else:
                await _answer(_asking(problem, scope, headers), scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
            origin = urlsplit(headers.get("origin", ""))
        except ValueError:
            return _error(400, "The Host or Origin header cannot be read.")
        if any(len(headers.getlist(each)) > 1 for each in ("host", "origin", "authorization")):
            return _error(400, "A Host, Origin or Authorization header came twice.")
        if self._loopback and not is_loopback(name):
            return _error(403, "This dashboard answers to localhost only: the Host header names another machine.")
        writes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        # A proxy in front may speak TLS for us, so a page of https may talk to our http, and not the other way round.
        safe = origin.scheme == "https" or (origin.scheme == "http" and scope["scheme"] in ("http", "ws"))
        if writes and "origin" in headers and not (safe and origin.netloc.lower() == host.lower()):
            return _error(403, "The Origin header names another site.")
        return None

    def _attempt(self, scope: Scope, given: bytes, known: list[Session]) -> _Problem | None:
        """Look at a password; return None where it is right. Wrong ones are counted, logged and slowed down."""
        address = client_name((scope.get("client") or (None,))[0])
        client = f"session {known[0].name}" if known else address
        wait = self._throttle.wait(client, known=bool(known))
        if wait > 0:
            return _Problem(429, f"Too many wrong passwords: try again in {math.ceil(wait)} s.", math.ceil(wait))
        if hmac.compare_digest(_digest(given), self._password):
            self._throttle.succeeded(client)
            log.info("signed in to the dashboard from %s", address)
            return None
        failures, wait = self._throttle.failed(client)
        log.warning("a wrong dashboard password from %s, %s in a row", address, failures)
        if wait:
            log.warning("passwords from %s are not looked at for %.0f s", address, wait)
        return _Problem(401, "This is not the dashboard password.")

    async def _sign_in(self, request: Request, headers: Headers, known: list[Session]) -> Response:
        """Answer the form; each sign-in begins a session of its own."""
        if request.method != "POST":
            return sign_in_page("/", status=200)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST_FORM_BYTES:
                return _error(413, "The form is larger than a password.")
        try:
            form = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=10, errors="surrogateescape")
        except ValueError:
            return _error(400, "The form cannot be read.")
        after = own_address(form.get("next", ["/"])[0])
        given = form.get("password", [""])[0].encode("utf-8", "surrogateescape")
        problem = self._attempt(request.scope, given, known)
        if problem is not None:
            return _asking(problem, request.scope, headers, after)
        answer = RedirectResponse(after, status_code=303, headers={"Cache-Control": "no-store"})
        for old in known:
            self._sessions.revoke(old)
        answer.headers.append("set-cookie", self._sessions.cookie(self._sessions.begin(), request.scope["scheme"]))
        return answer

    def _sign_out(self, scope: Scope, session: Session | None) -> Response:
        if scope["method"] == "POST" and session is not None:
            self._sessions.revoke(session)
            log.info("signed out of the dashboard")
        elif session is not None:
            return sign_out_page()
        return RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})

    def _with_cookie(self, session: Session, scope: Scope, send: Send) -> Send:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message).append("set-cookie", self._sessions.cookie(session, scope["scheme"]))
            await send(message)

        return send_with_cookie


class _Problem(NamedTuple):
    """Why somebody is not let in; `wait` is in seconds."""

    status: int
    text: str
    wait: int = 0


def _asking(problem: _Problem, scope: Scope, headers: Headers, after: str = "") -> Response:
    """Return the answer that asks for the password: a form for people, a challenge for programs.

    A browser is never challenged: it would go on sending the password by itself, and signing out would do nothing.
    """
    waiting = {"Retry-After": str(problem.wait)} if problem.wait else {}
    if scope["type"] == "http" and "text/html" in headers.get("accept", ""):
        if headers.get("sec-fetch-site") == "cross-site" and scope["method"] == "GET":
            return load_again_page()
        after = after or address_of(scope["path"], scope["query_string"])
        shown = "" if problem.text == _ASK else problem.text
        return sign_in_page(after, status=problem.status, problem=shown, headers=waiting)
    answer = _error(problem.status, problem.text)
    answer.headers.update(waiting)
    from_a_page = any(name in headers for name in ("referer", "origin", "sec-fetch-site"))
    if problem.status == 401 and not from_a_page:  # noqa: PLR2004 - what HTTP calls it
        answer.headers["WWW-Authenticate"] = 'Basic realm="Spanledger", charset="UTF-8"'
    return answer


def _basic_password(headers: Headers) -> bytes | None:
    """Return the password of HTTP Basic; None where there is none."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return None


def _digest(password: bytes) -> bytes:
    """Return what passwords are compared by: of one length, so that the time taken does not tell theirs."""
    return hashlib.sha256(password).digest()


def _error(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status, headers={"Cache-Control": "no-store"})


async def _answer(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await answer(scope, receive, send)
        return
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
