"""Why a model call has no price, in the words that the row and the pages show."""

from __future__ import annotations

from typing import Final

MODEL_UNKNOWN: Final = "model unknown"
NO_MODEL: Final = "model not reported"
NO_TOKENS: Final = "tokens not reported"
NO_DURATION: Final = "duration unknown"
CONTRADICTION: Final = "counts contradict one another"
FAILED: Final = "call failed"
COUNTED_BELOW: Final = "counted in the call below"
COUNTED_ABOVE: Final = "counted in the span above"


def unit_without_rate(unit: str) -> str:
    """Return the reason for a unit (a name of `usage_units`) that occurs and has no known rate."""
    return f"unit without a rate: {unit}"


def tier_without_rate(tier: str) -> str:
    """Return the reason for a service tier whose rates are not known."""
    return f"tier without a rate: {tier}"
