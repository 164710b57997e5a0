"""How often a password may be guessed: for one client, and by all clients together."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

FREE_FAILURES: Final = 5
"""Wrong passwords of one client that cost no wait; each further one doubles it."""

LONGEST_WAIT_SECONDS: Final = 60.0
"""The longest lock-out after a wrong password."""

ALL_BURST: Final = 20
ALL_PER_SECOND: Final = 0.5
"""Wrong passwords of all clients: so many at once, and so many a second after that."""

_FORGET_SECONDS: Final = 900.0
_MOST_CLIENTS: Final = 10_000


def client_name(address: str | None) -> str:
    """Return who counts as one client: an IPv4 address, or the 64 bits of an IPv6 network."""
    try:
        given = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "an unknown address"
    if isinstance(given, ipaddress.IPv6Address):
        if given.ipv4_mapped is not None:
            return str(given.ipv4_mapped)
        return str(ipaddress.ip_network((given, 64), strict=False))
    return str(given)


@dataclass(slots=True)
class _Client:
    failures: int = 0
    again_at: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts wrong passwords. Of many clients the longest silent are forgotten first.

    A browser that was signed in before counts by itself, not by its address, and does not wait for the others: a flood
    of guesses keeps out neither it nor whoever is signed in.
    """

    def __init__(self) -> None:
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._left = float(ALL_BURST)
        self._filled_at = time.monotonic()

    def wait(self, client: str, *, known: bool) -> float:
        """Return the seconds for which this client's passwords are not looked at; 0: they are."""
        now = time.monotonic()
        own = self._clients.get(client)
        wait = max(0.0, own.again_at - now) if own is not None else 0.0
        self._left = min(ALL_BURST, self._left + (now - self._filled_at) * ALL_PER_SECOND)
        self._filled_at = now
        if known or self._left >= 1:
            return wait
        return max(wait, (1 - self._left) / ALL_PER_SECOND)

    def failed(self, client: str) -> tuple[int, float]:
        """Count a wrong password; return how many in a row these are, and the seconds that the client now waits."""
        now = time.monotonic()
        own = self._clients.setdefault(client, _Client())
        self._clients.move_to_end(client)
        if now - own.last > _FORGET_SECONDS:
            own.failures = 0
        own.failures += 1
        own.last = now
        doublings = own.failures - FREE_FAILURES
        wait = min(LONGEST_WAIT_SECONDS, 2.0 ** min(doublings, 10)) if doublings >= 0 else 0.0
        own.again_at = now + wait
        self._left = max(0.0, self._left - 1)
        while len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        return own.failures, wait

    def succeeded(self, client: str) -> None:
        """Forget the wrong passwords of a client."""
        self._clients.pop(client, None)
