"""The cost of calls of one model under one price: by token, by second, or as genai-prices computes it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import genai_prices
from genai_prices import types as genai_types

if TYPE_CHECKING:
    from schema.policy.policy import ModelPrice
    from schema.pricing.usage import Usage

_PER_TOKEN = -6  # prices are for a million tokens
_SECOND = Decimal(10**9)  # ns
# No call takes longer than a day; more is a broken clock, and a day at the highest price still fits the column.
_LONGEST = 86_400 * 10**9
# Prices of a token kind whose counts we know; any other kind (audio, images, searches) cannot occur in our counts.
_KNOWN = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")


class Tariff(Protocol):
    """A price that holds for a while."""

    def cost(self, usage: Usage, duration_ns: int) -> Decimal | None:
        """Return the cost of a call in USD, None if what the price needs is unknown. 0 is an unknown duration."""


@dataclass(frozen=True, slots=True)
class Rates:
    """USD a token, for calls of more than `above` input tokens."""

    above: int
    input: Decimal
    output: Decimal
    cached: Decimal
    written: Decimal


@dataclass(frozen=True, slots=True)
class ByToken:
    """A price by token: all tokens of a call at the rates of the highest threshold that its input exceeds."""

    rates: tuple[Rates, ...]  # the highest threshold first; the last holds above -1

    def cost(self, usage: Usage, duration_ns: int) -> Decimal | None:  # noqa: ARG002 - a tariff's signature
        """Return the cost by the tokens; the output of an embedding is unknown and costs nothing."""
        used, output = usage.input_tokens, usage.output_tokens
        if used is None or (output is None and self.rates[-1].output):
            return None
        rates = next(rates for rates in self.rates if used > rates.above)
        fresh, cost = used, rates.output * (output or 0)
        if usage.cached_input_tokens:
            cached = min(usage.cached_input_tokens, used)
            fresh -= cached
            cost += rates.cached * cached
        if usage.cache_write_tokens:
            written = min(usage.cache_write_tokens, fresh)
            fresh -= written
            cost += rates.written * written
        return cost + rates.input * fresh


@dataclass(frozen=True, slots=True)
class BySecond:
    """A price by the time that a call takes."""

    per_second: Decimal  # USD

    def cost(self, usage: Usage, duration_ns: int) -> Decimal | None:  # noqa: ARG002 - a tariff's signature
        """Return the cost by the duration, None where that is unknown."""
        return self.per_second * duration_ns / _SECOND if 0 < duration_ns <= _LONGEST else None


@dataclass(frozen=True, slots=True)
class ByLibrary:
    """A price with parts that only genai-prices knows how to add up; some 0.1 ms a call."""

    price: genai_types.ModelPrice

    def cost(self, usage: Usage, duration_ns: int) -> Decimal | None:  # noqa: ARG002 - a tariff's signature
        """Return the cost by genai-prices."""
        used, output = usage.input_tokens, usage.output_tokens
        if used is None or (output is None and self.price.output_mtok):
            return None
        cached = min(usage.cached_input_tokens or 0, used)
        counts = genai_prices.Usage(
            input_tokens=used,
            output_tokens=output or 0,
            cache_read_tokens=cached,
            cache_write_tokens=min(usage.cache_write_tokens or 0, used - cached),
            output_reasoning_tokens=min(usage.reasoning_tokens or 0, output or 0),
        )
        return self.price.calc_price(counts)["total_price"]


def own_tariff(own: ModelPrice) -> Tariff:
    """Return a price of the policy as a tariff."""
    uncached, output = own.input_per_million, own.output_per_million
    if uncached is None or output is None:
        return BySecond(own.per_second or Decimal(0))
    return ByToken((_rates(-1, uncached, output, own.cached_input_per_million, own.cache_write_per_million),))


def public_tariff(price: genai_types.ModelPrice) -> Tariff | None:
    """Return a price of genai-prices as a tariff; None if it is not sold by token (by the hour, by the page)."""
    if price.input_mtok is None:
        return None
    if price.output_reasoning_mtok is not None or price.requests_kcount is not None:
        return ByLibrary(price)
    parts = [getattr(price, name, None) for name in _KNOWN]
    tiers = [tier for part in parts if isinstance(part, genai_types.TieredPrices) for tier in part.tiers]
    thresholds = sorted({-1, *(tier.start for tier in tiers)}, reverse=True)
    return ByToken(tuple([_rates(above, *[_at(part, above) for part in parts]) for above in thresholds]))


def _at(part: Decimal | genai_types.TieredPrices | None, above: int) -> Decimal | None:
    if not isinstance(part, genai_types.TieredPrices):
        return part
    return next((tier.price for tier in reversed(part.tiers) if tier.start <= above), part.base)


def _rates(
    above: int, uncached: Decimal | None, output: Decimal | None, cached: Decimal | None, written: Decimal | None
) -> Rates:
    fresh = uncached or Decimal(0)
    return Rates(
        above,
        fresh.scaleb(_PER_TOKEN),
        (output or Decimal(0)).scaleb(_PER_TOKEN),
        (fresh if cached is None else cached).scaleb(_PER_TOKEN),
        (fresh if written is None else written).scaleb(_PER_TOKEN),
    )
