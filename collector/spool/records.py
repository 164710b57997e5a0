"""What goes into the spool and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Signal = Literal["traces", "logs", "metrics"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One OTLP request that the receiver accepted; `body` is protobuf, `spans` counts spans, records or points.

    `rejected` spans came in the same request and were left out of `body`.
    """

    signal: Signal
    body: bytes
    sender: str
    key_name: str
    spans: int
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an appended request; a duplicate has the id of the request it repeats."""

    id: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """One opened request. `sender` is a keyed hash (only equality means something), `received_at` is ns since 1970."""

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
    """One request that was set aside, without its body."""

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
    """How full the spool is; bytes are sealed bytes, `oldest_ns` is None when nothing waits."""

    waiting_requests: int
    waiting_spans: int
    waiting_bytes: int
    quarantined: int
    quarantined_bytes: int
    oldest_ns: int | None
