"""The cost of calls of one model under one price: by token, by second, or as genai-prices computes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import genai_prices
from genai_prices import types as genai_types
from genai_prices.data_units import unit_data

from schema.pricing import reasons
from schema.usage_units import UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from schema.policy.policy import ModelPrice
    from schema.pricing.models import Found
    from schema.pricing.usage import Usage

_PER_TOKEN = -6  # prices are for a million tokens
_PER_THOUSAND = -3
_SECOND = Decimal(10**9)  # ns
# No call takes longer than a day; more is a broken clock, and a day at the highest price still fits the column.
_LONGEST = 86_400 * 10**9
# Prices of a token kind that a column of its own counts, so that they are added up here, without the library.
_KNOWN = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
# What a plain rate includes where the list has none for it: sellers charge pictures and video that are sent, and cache
# writes for the ordinary five minutes, like any other token. Everything else costs several times as much or a fee.
_INCLUDED: Final = frozenset(
    {
        *("cache_write_5m_tokens", "input_image_tokens", "input_video_tokens"),
        *("cache_image_read_tokens", "cache_video_read_tokens"),
    }
)
_ADDED_UP_BY_THE_LIBRARY: Final = frozenset({"output_reasoning_mtok", "requests_kcount"})  # in any call
_TIER_NAMES: Final = ("service_tier", "processing", "speed")  # under which the list keeps what senders call a tier
_PRICE_OF: Final = {unit: str(unit_data[unit].get("price_key", unit)) for unit in UNITS}
_SECONDS: Final = frozenset({"input_audio_seconds", "output_audio_seconds"})
_CACHED_KIND: Final = {f"cache_{kind}_read_tokens": f"input_{kind}_mtok" for kind in ("audio", "image", "video")}


class Amount(NamedTuple):
    """What a call costs in USD; None with the reason where it is not known."""

    usd: Decimal | None
    reason: str = ""


class Tariff(Protocol):
    """A price that holds for a while."""

    def cost(self, usage: Usage, duration_ns: int) -> Amount:
        """Return the cost of a call. A duration of 0 is unknown."""


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
    """A price by token: all tokens of a call at the rates of the highest threshold that its input exceeds.

    `units` are USD for one of what else has a price (schema/pricing/usage_names.py).
    """

    rates: tuple[Rates, ...]  # the highest threshold first; the last holds above -1
    units: Mapping[str, Decimal] = field(default_factory=dict)

    def cost(self, usage: Usage, duration_ns: int) -> Amount:  # noqa: ARG002 - a tariff's signature
        """Return the cost by the tokens; the output of an embedding is unknown and costs nothing."""
        used, output = usage.input_tokens, usage.output_tokens
        if used is None or (output is None and self.rates[-1].output):
            return Amount(None, reasons.NO_TOKENS)
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
        cost += rates.input * fresh
        return self._with_units(cost, rates, usage) if usage.units else Amount(cost)

    def _with_units(self, cost: Decimal, rates: Rates, usage: Usage) -> Amount:
        """Add what else was used: the difference to the plain rate for tokens, the whole rate for anything else."""
        for unit, number in usage.units.items():
            rate = self.units.get(unit)
            if rate is not None:
                cost += (rate - _plain(unit, rates)) * number
            elif unit not in _INCLUDED:
                return Amount(None, reasons.unit_without_rate(unit))
        return Amount(cost) if cost >= 0 else Amount(None, reasons.CONTRADICTION)


def _plain(unit: str, rates: Rates) -> Decimal:
    """Return what a token of this unit has cost already, 0 for what is no token."""
    if not unit.endswith("_tokens"):
        return Decimal(0)
    if unit.startswith("cache_"):
        return rates.written if "write" in unit else rates.cached
    return rates.input if unit.startswith("input_") else rates.output


@dataclass(frozen=True, slots=True)
class BySecond:
    """A price by the time that a call takes."""

    per_second: Decimal  # USD

    def cost(self, usage: Usage, duration_ns: int) -> Amount:  # noqa: ARG002 - a tariff's signature
        """Return the cost by the duration."""
        if 0 < duration_ns <= _LONGEST:
            return Amount(self.per_second * duration_ns / _SECOND)
        return Amount(None, reasons.NO_DURATION)


@dataclass(frozen=True, slots=True)
class ByLibrary:
    """A price of the public list, for calls of one tier at one time."""

    plain: ByToken | None  # for calls of nothing but tokens; None where the price has parts that this cannot add up
    priced: frozenset[str]  # the names of its prices, as genai-prices has them
    output_is_paid: bool
    found: Found
    at: datetime
    context: dict[str, str]  # of the tier

    def cost(self, usage: Usage, duration_ns: int) -> Amount:
        """Return the cost by genai-prices: some 0.1 ms a call, so that the ordinary ones go the plain way."""
        if self.plain is not None and not usage.units:
            return self.plain.cost(usage, duration_ns)
        unpriced = next((unit for unit in usage.units if not self._has_rate(unit)), None)
        if unpriced is not None:
            return Amount(None, reasons.unit_without_rate(unpriced))
        used, output = usage.input_tokens, usage.output_tokens
        if "input_mtok" in self.priced:
            if used is None or (output is None and self.output_is_paid):
                return Amount(None, reasons.NO_TOKENS)
        elif not any(_PRICE_OF[unit] in self.priced for unit in usage.units):
            return Amount(None, reasons.NO_TOKENS)
        try:
            return Amount(self._computed(_counts(usage, used or 0, output or 0)))
        except ValueError as error:  # the library's word for counts that do not fit together
            return Amount(None, reasons.NO_TOKENS if "Missing usage" in str(error) else reasons.CONTRADICTION)

    def _computed(self, counts: genai_prices.Usage) -> Decimal:
        return self.found.model.calc_price(
            counts, self.found.provider, genai_request_timestamp=self.at, price_context=self.context or None
        ).total_price

    def _has_rate(self, unit: str) -> bool:
        if _PRICE_OF[unit] in self.priced or (unit in _SECONDS and "audio_hours" in self.priced):
            return True
        # The cached part of a kind of tokens that has a rate of its own would cost as much as if it were text.
        return unit in _INCLUDED and _CACHED_KIND.get(unit, "") not in self.priced


def _counts(usage: Usage, used: int, output: int) -> genai_prices.Usage:
    cached = min(usage.cached_input_tokens or 0, used)
    units = dict(usage.units)
    for one, other in (("audio_seconds", "input_audio_seconds"), ("input_audio_seconds", "audio_seconds")):
        if one in units:
            units.setdefault(other, units[one])
    return genai_prices.Usage(
        input_tokens=used,
        output_tokens=output,
        cache_read_tokens=cached,
        cache_write_tokens=min(usage.cache_write_tokens or 0, used - cached),
        output_reasoning_tokens=min(usage.reasoning_tokens or 0, output),
        **units,
    )


def own_tariff(own: ModelPrice) -> Tariff:
    """Return a price of the policy as a tariff."""
    uncached, output = own.input_per_million, own.output_per_million
    if uncached is None or output is None:
        return BySecond(own.per_second or Decimal(0))
    units = {unit: rate.scaleb(_PER_TOKEN) for unit, rate in own.per_million.items()}
    units |= {unit: rate.scaleb(_PER_THOUSAND) for unit, rate in own.per_thousand.items()}
    rates = _rates(-1, uncached, output, own.cached_input_per_million, own.cache_write_per_million)
    return ByToken((rates,), units)


def public_tariff(found: Found, at: datetime, tier: str) -> Tariff | None:
    """Return what the public list has for a model at a time and a tier ("" is the standard one); None if nothing."""
    context = dict.fromkeys(_TIER_NAMES, tier) if tier else {}
    if tier and not _has_tier(found, at, context):
        return None
    price = found.model.get_prices(at, context or None)
    priced = frozenset(name for name, value in vars(price).items() if value is not None)
    plain = None
    if "input_mtok" in priced and _ADDED_UP_BY_THE_LIBRARY.isdisjoint(priced):
        parts = [getattr(price, name) for name in _KNOWN]
        tiers = [each for part in parts if isinstance(part, genai_types.TieredPrices) for each in part.tiers]
        thresholds = sorted({-1, *(each.start for each in tiers)}, reverse=True)
        plain = ByToken(tuple([_rates(above, *[_at(part, above) for part in parts]) for above in thresholds]))
    if not priced and found.model.id.endswith(":free"):  # the list names it, and has no rates because there are none
        return ByToken((_rates(-1, Decimal(0), Decimal(0), None, None),))
    return ByLibrary(plain, priced, bool(price.output_mtok), found, at, context) if priced else None


def _has_tier(found: Found, at: datetime, context: dict[str, str]) -> bool:
    """Tell whether the seller's own list has prices for a tier; prices that it takes from another seller have none."""
    if not any(found.model is model for model in found.provider.models):
        return False
    return any(
        (variant.constraint is None or variant.constraint.active(at))
        and all(context.get(key) == value for key, value in variant.when.items())
        for variant in found.model.price_variants or ()
    )


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
