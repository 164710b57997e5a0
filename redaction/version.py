"""The version of the rule set, in a module of its own so that importing it is cheap."""

from __future__ import annotations

RULES_VERSION = "11"
"""Changes whenever a text may be redacted differently than before; stored with every redacted row."""
