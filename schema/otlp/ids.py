"""Ids of traces and spans as the store keeps them: lower-case hex."""

from __future__ import annotations

from typing import Final

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8


def trace_id_of(raw: bytes) -> str:
    """Return a trace id as hex, empty for one that OTLP calls invalid: all zeros, or not 16 bytes."""
    return raw.hex() if len(raw) == _TRACE_ID_BYTES and any(raw) else ""


def span_id_of(raw: bytes) -> str:
    """Return a span id as hex, empty for one that OTLP calls invalid: all zeros, or not 8 bytes."""
    return raw.hex() if len(raw) == _SPAN_ID_BYTES and any(raw) else ""
