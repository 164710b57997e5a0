"""What stands in the place of a finding."""

from __future__ import annotations

import re

UNREDACTED_CONTENT_REMOVED = "<UNREDACTED_CONTENT_REMOVED>"
"""Stands for a whole text that could not be redacted."""

PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]{2,40}>")
"""What `replace` writes, so that redacting a redacted text leaves it alone."""


def replace(entity: str) -> str:
    """Return the placeholder of an entity: ASCII without quotes or backslashes, so it fits into any JSON string."""
    return f"<{entity}>"
