"""Which copy of a span counts: the one rule, for every query that reads spans.

A span is known by its trace id, its span id and its team (docs/adr/0017-a-run-is-of-one-team.md). Exporters send a span
again, unfinished and then whole, or after a time-out: of copies of one span the last received counts, and of copies
that came in one request the last of them. The same ids under another team are another span.
"""

from __future__ import annotations

from typing import Final

IDENTITY: Final = ("trace_id", "span_id", "team")
"""The columns that say which span a row is a copy of; what else tells two spans apart is added here."""

SPAN: Final = ", ".join(IDENTITY)
"""IDENTITY, as SQL."""

NEWEST: Final = f"ORDER BY received_at DESC, _block_number DESC, _block_offset DESC LIMIT 1 BY {SPAN}"
"""Ends a SELECT FROM spans that wants one row a span. No condition before it may tell copies of one span apart."""


def spans(columns: str, where: str) -> str:
    """Return a SELECT of these columns of the spans that `where` chooses, one row a span; both are our own words."""
    return f"SELECT {columns} FROM spans WHERE {where} {NEWEST}"  # noqa: S608 - our own words
