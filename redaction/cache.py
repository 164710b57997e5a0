"""A bounded cache of findings. It never holds text: keys are keyed hashes, values are offsets and labels."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sized

Value = TypeVar("Value", bound="Sized")

ENTRY_BYTES = 250
"""Bytes of one entry without its value: the key, two dictionary slots, the tuple (measured with tracemalloc)."""
ITEM_BYTES = 120
"""Bytes of one finding in a value: a tuple of small integers, a float and shared strings."""


class _Secret:
    """The key of all hashes: without it, a hash says nothing about its text. Drawn anew by each process ..."""

    key = secrets.token_hex(32)


def share_key(key: bytes) -> None:
    """... unless processes share one: those that follow each other as one worker. Call it before the first entry."""
    _Secret.key = key.hex()


def digest(*parts: str) -> bytes:
    """Hash parts and their lengths to 128 bits with the key of this process; ("ab", "c") differs from ("a", "bc")."""
    lengths = ",".join([str(len(part)) for part in parts])
    everything = f"{_Secret.key}{lengths};{''.join(parts)}".encode("utf-8", "surrogatepass")
    return sha256(everything).digest()[:16]  # with the CPU's instructions for it, less than half the time of BLAKE2


class Cache(Generic[Value]):
    """Drops the least recently used entries once `max_bytes` (estimated) is reached; 0 switches the cache off."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[bytes, Value] = OrderedDict()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Value | None:
        """Return the value of a key, None when it is not cached."""
        value = self._entries.get(key)
        if value is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return value

    def put(self, key: bytes, value: Value) -> None:
        """Store a value; a value larger than the whole cache is not stored."""
        size = self._size(value)
        if size > self._max_bytes:
            return
        held = self._entries.pop(key, None)
        if held is not None:
            self.bytes -= self._size(held)
        self._entries[key] = value
        self.bytes += size
        while self.bytes > self._max_bytes:
            _, dropped = self._entries.popitem(last=False)
            self.bytes -= self._size(dropped)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.bytes = 0

    @staticmethod
    def _size(value: Value) -> int:
        return ENTRY_BYTES + ITEM_BYTES * len(value)
