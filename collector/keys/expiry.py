"""Finds senders that will soon have no valid ingest key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from schema.policy.policy import IngestKey

SOON: Final = timedelta(days=14)
"""How long before a key's end a warning is given."""


def ending(keys: Sequence[IngestKey], now: datetime) -> Iterator[str]:
    """Yield a sentence for each sender if its last key expires within SOON, or expired within SOON."""
    for name in dict.fromkeys(key.name for key in keys):
        own = [key for key in keys if key.name == name]
        ends = [key.expires for key in own if key.expires is not None and not key.too_early(now)]
        if any(key.good_at(now + SOON) for key in own) or not ends or now - max(ends) > SOON:
            continue
        last = max(ends)
        if last <= now:
            yield f"{name}: its last key expired at {last:%Y-%m-%d %H:%M} UTC, and it is refused"
        else:
            yield f"{name}: its last key expires at {last:%Y-%m-%d %H:%M} UTC, in {(last - now).days} days"


def state(key: IngestKey, now: datetime) -> str:
    """Return the key's state: `expired`, `not yet`, `expires soon` or `good`."""
    if key.expired(now):
        return "expired"
    if key.too_early(now):
        return "not yet"
    return "expires soon" if key.expired(now + SOON) else "good"
