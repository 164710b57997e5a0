"""The copy of a span that counts: one rule for every query that reads spans.

The identity of a span is its trace id, its span id and its team (docs/adr/0017-a-run-is-of-one-team.md). Exporters send
a span again, first unfinished and then complete, or after a time-out. Of copies of one span the last received counts,
and of copies in one request the last of them. The same ids under another team are another span.
"""

from __future__ import annotations

from typing import Final

IDENTITY: Final = ("trace_id", "span_id", "team")
"""The columns that identify a span; two rows with the same values are copies of one span."""

SPAN: Final = ", ".join(IDENTITY)
"""IDENTITY, as SQL."""

NEWEST: Final = f"ORDER BY received_at DESC, _block_number DESC, _block_offset DESC LIMIT 1 BY {SPAN}"
"""Ends a SELECT FROM spans that wants one row a span. No condition before it may differ between copies of one span."""


def spans(columns: str, where: str) -> str:
    """Return a SELECT of these columns of the spans that `where` chooses, one row a span; both are our own words."""
    return f"SELECT {columns} FROM spans WHERE {where} {NEWEST}"  # noqa: S608 - our own words
