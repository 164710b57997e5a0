"""Keys under which a number is no card and no telephone number, even if it has the form of one."""

from __future__ import annotations

_QUANTITY_TEXT = (
    "count counts tokens usage bytes kb mb gb size sizes length len total sum avg mean min max ns us ms nanos micros"
    " millis nano micro milli nanoseconds microseconds milliseconds seconds secs duration durations latency elapsed"
    " time times timestamp timestamps ts epoch unix uptime ttl created updated expires deadline offset position index"
    " port price cost score limit budget rate quantity version memory"
)
_QUANTITY = frozenset(_QUANTITY_TEXT.split())
_IDENTIFIER_TEXT = "id ids uid guid hash checksum crc seed nonce cursor span trace parent snowflake"
_IDENTIFIER = frozenset(_IDENTIFIER_TEXT.split())


def is_quantity(last: str, parent: str) -> bool:
    """Whether a number under the key `last` is a measure or a count; both keys in snake_case."""
    return not _QUANTITY.isdisjoint(last.split("_")) or not _QUANTITY.isdisjoint(parent.split("_"))


def is_identifier(last: str) -> bool:
    """Whether a long number under the key `last`, in snake_case, is an id: random, or derived from a time."""
    return not _IDENTIFIER.isdisjoint(last.split("_"))
