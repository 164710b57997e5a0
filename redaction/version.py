"""The version of the rules, apart from them: who only names it need not load what they are made of."""

from __future__ import annotations

RULES_VERSION = "10"
"""Changes whenever the same text may be redacted differently; stored with what was redacted."""
