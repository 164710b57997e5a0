"""Which senders are about to be left without a key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from schema.policy.policy import IngestKey

SOON: Final = timedelta(days=14)
"""How long before its sender is refused a key is warned of."""


def ending(keys: Sequence[IngestKey], now: datetime) -> Iterator[str]:
    """Yield a sentence for each sender whose last key expires soon, or did not long ago."""
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
    """Return in a word or two whether the key lets its sender in."""
    if key.expired(now):
        return "expired"
    if key.too_early(now):
        return "not yet"
    return "expires soon" if key.expired(now + SOON) else "good"
