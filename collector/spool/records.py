"""Records that go into the spool and come out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Signal = Literal["traces", "logs", "metrics"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One OTLP request that the receiver accepted. `body` is protobuf; `spans` counts spans, records or points.

    `rejected` counts those of the same request that were removed from `body`, by reason.
    """

    signal: Signal
    body: bytes
    sender: str
    key_name: str
    spans: int
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Result of appending a request. A duplicate has the id of the request that it repeats."""

    id: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """One decrypted request. `sender` is a keyed hash (only good for comparing), `received_at` is in ns since 1970."""

    id: int
    signal: Signal
    body: bytes
    sender: str
    key_name: str
    received_at: int
    spans: int
    attempts: int
    batch: str | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One quarantined request, without its body."""

    id: int
    signal: Signal
    key_name: str
    received_at: int
    spans: int
    bytes: int
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """Fill level of the spool. Bytes are sealed bytes; `oldest_ns` is None if nothing waits."""

    waiting_requests: int
    waiting_spans: int
    waiting_bytes: int
    quarantined: int
    quarantined_bytes: int
    oldest_ns: int | None
