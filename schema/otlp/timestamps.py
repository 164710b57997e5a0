"""Instants as the store keeps them: nanoseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Final

LATEST: Final = 2**63 - 1
"""The end of the columns' range (year 2262); a later instant, which only a broken clock sends, is cut to it."""

_DAY: Final = 86_400 * 10**9


def retained_until(received_at: int, days: int) -> int:
    """Return the day (since the epoch) until which something is kept.

    It counts from the day it came: a sender's clock does not decide how long something is kept.
    """
    return received_at // _DAY + days
