"""What every transport does with a request that it has read: check it, write it to the spool, return the result."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from collector.keys.ingest_keys import ANYONE_MAY_SEND
from collector.otlp.refusals import OverdueError, TryAgainError, UnavailableError
from collector.receivers.accept import accept
from collector.receivers.decoders import Decoders
from collector.receivers.in_flight import InFlight
from collector.receivers.refusal_counter import RefusalCounter
from collector.spool.group_commit import GroupCommit
from collector.spool.spool import SpoolError, SpoolFullError, SpoolOverdueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.keys.ingest_keys import IngestKeys
    from collector.otlp.defects import Defects
    from collector.receivers.accept import Accepted, Body
    from collector.receivers.in_flight import Held
    from collector.spool.spool import Receipt, Signal, Spool
    from schema.policy.policy import IngestKey

log = logging.getLogger(__name__)

REQUEST_HEADER = "x-spanledger-request"
"""Header of the response with the request's id in the spool (in gRPC: trailing metadata)."""

_INLINE_BYTES = 32 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of requests.

    A body has at most `max_body_bytes`, as sent and decompressed, and arrives within `body_seconds`. Bodies that are
    being read or wait for their commit hold at most `max_in_flight_bytes` together, `max_sender_bytes` per sender.
    """

    max_body_bytes: int = 64 << 20
    max_in_flight_bytes: int = 256 << 20
    max_sender_bytes: int = 128 << 20
    body_seconds: float = 30


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Result of a request; `receipt` is None if the request was empty and nothing was written."""

    receipt: Receipt | None
    defects: Defects


class Reception:
    """The state that the transports share: keys, memory in use, decoding threads and the committing thread."""

    def __init__(self, spool: Spool, keys: IngestKeys, limits: Limits | None = None) -> None:
        self.keys = keys
        self.limits = limits or Limits()
        self.in_flight = InFlight(self.limits.max_in_flight_bytes, self.limits.max_sender_bytes)
        self.spool = spool

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the threads; at the end commit the requests that were received."""
        self.refusals = RefusalCounter(self.spool)
        self._commits = GroupCommit(self.spool)
        with (
            contextlib.closing(self.refusals),
            contextlib.closing(Decoders()) as self.decoders,
            contextlib.closing(self._commits),
        ):
            yield

    async def take(self, body: Body, key: IngestKey, held: Held) -> Acknowledged:
        """Check a body and return when it is on disk. Raises RefusedError.

        `held` is the request's memory account; it is resized to the decompressed body, which waits for the commit.
        """
        signal = body.signal
        try:
            accepted = await self._accept(body, key)
            del body  # only the decompressed body stays in memory while it waits for its commit
            receipt = None
            if accepted.incoming is not None:
                size = len(accepted.incoming.body)
                held.resize(size)
                with self.keys.limits.charged(key, accepted.incoming.spans, size) as charge:
                    receipt = await asyncio.wrap_future(self._commits.submit(accepted.incoming))
                    charge.kept = not receipt.duplicate
            else:
                self.refusals.count_empty(key.name, signal, accepted.defects.by_reason)
        except SpoolOverdueError:
            raise OverdueError("What waits has waited for too long: it must be stored first.") from None
        except SpoolFullError:
            raise TryAgainError("The spool is full: what waits must be stored first.") from None
        except SpoolError:
            raise UnavailableError("The spool cannot be written at the moment.") from None
        except MemoryError:
            raise UnavailableError("There is no memory for this request at the moment.") from None
        return Acknowledged(receipt, accepted.defects)

    async def _accept(self, body: Body, key: IngestKey) -> Accepted:
        limit = self.limits.max_body_bytes
        if len(body.content) <= _INLINE_BYTES and body.compression == "identity":
            return accept(body, self.keys, key, limit)
        return await self.decoders.run(account_of(key, body.client), partial(accept, body, self.keys, key, limit))


def account_of(key: IngestKey, client: str) -> str:
    """Return the account for memory and threads: the ingest key, or the client's address if no key is needed."""
    return client if key is ANYONE_MAY_SEND else key.name


def log_failure(signal: Signal, error: Exception) -> None:
    """Log a bug by the type and place of the exception. Its message and traceback may quote the request."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("a request for %s failed: %s at %s:%s", signal, type(error).__name__, place.filename, place.lineno)
