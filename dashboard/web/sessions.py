"""Who is signed in: cookies that this process signed, until they expire or are revoked.

A new key at each start: signing in again after a restart is the price of having no key to keep. Times are those of the
monotonic clock, so a clock that is set back lengthens no session.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECONDS: Final = 12 * 3600
"""How long a session is good for."""

_KEPT_SECONDS: Final = 90 * 86_400  # by the browser: an old cookie is no credential, but says that it was here before
_VALUE: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})")
_MOST_COOKIES: Final = 50  # of our name that are looked at in one request
_MOST_REVOKED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """A session that this process began; `expires` is of the monotonic clock, in seconds."""

    name: str
    expires: int

    @property
    def seconds_left(self) -> float:
        """How long it is still good for, if it is not revoked."""
        return self.expires - time.monotonic()


def cookie_values(headers: Iterable[str], name: str) -> Iterator[str]:
    """Yield the values of a cookie, whatever the other cookies of the host look like.

    The standard library's parser gives up at the first one that it does not understand, and other applications on
    the same host set those (RFC 6265, 5.4: a server must not rely on their order or form).
    """
    for header in headers:
        for pair in header.split(";"):
            found, equals, value = pair.strip().partition("=")
            if equals and found == name:
                yield value.strip('"')


def cookie_name(scheme: str) -> str:
    """Return what the cookie is called; over TLS no other host and no page without TLS can set one of that name."""
    return "__Host-spanledger" if scheme in ("https", "wss") else "spanledger"


class Sessions:
    """Begins, finds and ends sessions. For one event loop."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._revoked: dict[str, int] = {}
        self._open: dict[str, set[asyncio.Event]] = {}

    def begin(self) -> Session:
        """Begin a session: always a new one, never one that a request names."""
        return Session(secrets.token_hex(16), int(time.monotonic()) + SECONDS)

    def cookie(self, session: Session, scheme: str) -> str:
        """Return the Set-Cookie header of a session."""
        secure = "; Secure" if scheme in ("https", "wss") else ""
        value = f"{session.expires}.{session.name}.{self._signature(session.expires, session.name)}"
        return f"{cookie_name(scheme)}={value}; Max-Age={_KEPT_SECONDS}; Path=/; HttpOnly; SameSite=Strict{secure}"

    def signed(self, cookie_headers: Iterable[str], scheme: str) -> list[Session]:
        """Return the sessions of ours that a request names, good or not any more."""
        found = []
        for number, value in enumerate(cookie_values(cookie_headers, cookie_name(scheme))):
            match = _VALUE.fullmatch(value)
            if match and hmac.compare_digest(match[3], self._signature(int(match[1]), match[2])):
                found.append(Session(match[2], int(match[1])))
            if number >= _MOST_COOKIES:
                break
        return found

    def good(self, session: Session) -> bool:
        """Whether a session of ours is neither over nor revoked."""
        return session.seconds_left > 0 and session.name not in self._revoked

    def revoke(self, session: Session) -> None:
        """End a session for good, and the connections that are open under it."""
        now = time.monotonic()
        self._revoked = {name: expires for name, expires in self._revoked.items() if expires > now}
        self._revoked[session.name] = session.expires
        ended = self._open.pop(session.name, set())
        if len(self._revoked) > _MOST_REVOKED:  # forgetting one would let it in again, so everybody signs in again
            self._key, self._revoked = secrets.token_bytes(32), {}
            ended = ended.union(*self._open.values())
            self._open.clear()
        for event in ended:
            event.set()

    def opened(self, session: Session) -> asyncio.Event:
        """Return what is set when the session is revoked; give it back to `closed`."""
        event = asyncio.Event()
        self._open.setdefault(session.name, set()).add(event)
        return event

    def closed(self, session: Session, event: asyncio.Event) -> None:
        """Forget a connection."""
        others = self._open.get(session.name, set())
        others.discard(event)
        if not others:
            self._open.pop(session.name, None)

    def _signature(self, expires: int, name: str) -> str:
        return hmac.new(self._key, f"{expires}.{name}".encode(), hashlib.sha256).hexdigest()
