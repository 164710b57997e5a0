"""Token counts and amounts of one model call, as numbers that a column can hold."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schema.otlp.attributes import Plain

NO_UNITS: Final[Mapping[str, int]] = MappingProxyType({})
"""Nothing but tokens was used."""


class Usage(NamedTuple):
    """What one call used; None is unknown.

    `input_tokens` includes the cached and cache-written ones, `output_tokens` the reasoning ones. `units` counts what
    else can have a price of its own, by the names of genai-prices (schema/pricing/usage_names.py).
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    units: Mapping[str, int] = NO_UNITS


TOKEN_COLUMNS: Final = Usage._fields[:5]
"""The columns of a span that hold token counts."""

NO_USAGE: Final = Usage()
"""Nothing is known."""

MOST_TOKENS: Final = 10**10
"""No call has more; a larger number is not a count, and would break the sums that it goes into."""


def count(value: Plain) -> int | None:
    """Return a token count, None for anything that is no count of one call (negative, fractional, over MOST_TOKENS)."""
    if type(value) is int or type(value) is float:
        return int(value) if 0 <= value <= MOST_TOKENS and value == int(value) else None
    if isinstance(value, str) and len(value) < 20 and value.isascii() and value.isdecimal():  # noqa: PLR2004 - digits of 2**63
        return count(int(value))
    return None


def money(value: Plain) -> Decimal | None:
    """Return an amount of USD, None for anything that is no amount a column could hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount < 1_000_000_000:  # noqa: PLR2004 - DECIMAL(18, 9)
        return None
    return amount.quantize(Decimal("0.000000001"))


def first_cost(attribute: Plain, costs: Iterable[Plain]) -> Plain:
    """Return the reported cost of a call: the attribute's own, else the total of an object of costs.

    An object without a total has the parts of the cost; they are added up.
    """
    if attribute is not None:
        return attribute
    objects = [value for value in costs if isinstance(value, dict)]
    totals = (value.get("total", value.get("total_cost")) for value in objects)
    total = next((total for total in totals if total is not None), None)
    if total is not None or not objects:
        return total
    parts = [amount for part in objects[0].values() if (amount := money(part)) is not None]
    return str(sum(parts)) if parts else None


def known_cost(cost: Plain, usage: Usage) -> Decimal | None:
    """Return the reported cost in USD; 0 for a call without tokens is unknown (Langfuse, of a call that failed)."""
    amount = money(cost)
    return None if amount == 0 and usage.input_tokens is None and usage.output_tokens is None else amount
