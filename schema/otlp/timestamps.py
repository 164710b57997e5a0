"""Instants as the store keeps them: nanoseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Final

EARLIEST: Final = 946_684_800 * 10**9
"""2000-01-01. What is earlier is no time of an agent: zero, or seconds, milli- or microseconds in place of ns."""

LATEST: Final = 4_102_444_800 * 10**9
"""2100-01-01, the first instant that is too late to be one."""

_DAY: Final = 86_400 * 10**9


def known(*instants: int) -> int:
    """Return the first of these that can be a time, in ns since the epoch; 0 if none can, for that is unknown."""
    return next((instant for instant in instants if EARLIEST <= instant < LATEST), 0)


def retained_until(received_at: int, days: int) -> int:
    """Return the day (since the epoch) until which something is kept.

    It counts from the day it came: a sender's clock does not decide how long something is kept.
    """
    return received_at // _DAY + days
