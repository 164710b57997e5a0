"""The copy of a span that counts: one rule for every query that reads spans.

The identity of a span is its trace id, its span id, its team and what an SDK fixes when a span starts: OpenTelemetry's
kind and the service (docs/adr/0021-two-spans-under-one-id.md). Exporters send a span again, first unfinished and then
complete, or after a time-out; name, times and attributes may differ. Of copies of one span the last received counts,
and of copies in one request the last of them.
"""

from __future__ import annotations

from typing import Final

IDENTITY: Final = ("trace_id", "span_id", "team", "span_kind", "service_name")
"""The columns that identify a span; two rows with the same values are copies of one span."""

SPAN: Final = ", ".join(IDENTITY)
"""IDENTITY, as SQL."""

NEWEST: Final = f"ORDER BY received_at DESC, _block_number DESC, _block_offset DESC LIMIT 1 BY {SPAN}"
"""Ends a SELECT FROM spans that wants one row a span. No condition before it may differ between copies of one span."""


def spans(columns: str, where: str) -> str:
    """Return a SELECT of these columns of the spans that `where` chooses, one row a span; both are our own words."""
    return f"SELECT {columns} FROM spans WHERE {where} {NEWEST}"  # noqa: S608 - our own words
