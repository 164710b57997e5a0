"""What a model call costs: the public prices of genai-prices, read offline, under the policy's own prices.

Both kinds are dated, so a call is priced as of its start. A model without a price has none: never zero.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING

import genai_prices
from genai_prices import types as genai_types

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from schema.policy import ModelPrice
    from schema.usage import Usage

_MILLION = Decimal(1_000_000)
_CENTS = Decimal("0.000000001")  # the column is DECIMAL(18, 9)
_CACHED_MODELS = 10_000  # senders choose the names of models
_SECOND = Decimal(10**9)  # ns
# No call takes longer than a day; more is a broken clock, and a day at the highest price still fits the column.
_LONGEST = 86_400 * 10**9
# Prices of a token kind whose counts we know; any other kind (audio, images, searches) cannot occur in our counts.
_KNOWN = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")


@dataclass(frozen=True, slots=True)
class Priced:
    """A cost and where it comes from: `cost_usd` is None and `source` "" when there is no price."""

    cost_usd: Decimal | None
    source: str


@dataclass(frozen=True, slots=True)
class _Rate:
    """USD a million tokens."""

    input: Decimal
    output: Decimal
    cached: Decimal
    written: Decimal

    def cost(self, usage: Usage, given: int, made: int) -> Decimal:
        cached = min(usage.cached_input_tokens or 0, given)
        written = min(usage.cache_write_tokens or 0, given - cached)
        fresh = given - cached - written
        return (self.input * fresh + self.cached * cached + self.written * written + self.output * made) / _MILLION


@dataclass(frozen=True, slots=True)
class _Own:
    """One of the policy's prices: by token, or `per_second` where `rate` is None."""

    since: date
    rate: _Rate | None
    per_second: Decimal

    def cost(self, usage: Usage, duration_ns: int) -> Decimal | None:
        if self.rate is None:
            return self.per_second * duration_ns / _SECOND if 0 < duration_ns <= _LONGEST else None
        given, made = usage.input_tokens, usage.output_tokens
        if given is None or (made is None and self.rate.output):
            return None
        return self.rate.cost(usage, given, made or 0)


UNPRICED = Priced(None, "")


class Prices:
    """Prices model calls. Overrides win over the public list; the most specific one (with a provider) wins.

    Of those for one provider and model the latest wins that holds on the day of the call.
    """

    def __init__(self, overrides: Iterable[ModelPrice] = ()) -> None:
        """Take the policy's own prices."""
        overrides = tuple(overrides)
        self.overrides = json.dumps([own.model_dump(mode="json", exclude_defaults=True) for own in overrides])
        self.public_source = f"genai-prices {version('genai-prices')}"
        self._overrides: dict[tuple[str, str], list[_Own]] = defaultdict(list)
        for own in sorted(overrides, key=_since):
            self._overrides[own.provider.lower(), own.model.lower()].insert(0, _own(own))  # the latest first
        self._models: dict[tuple[str, str], genai_types.ModelInfo | None] = {}
        self._rates: dict[int, tuple[genai_types.ModelPrice, _Rate | None]] = {}

    def price(self, provider: str, model: str, usage: Usage, at: datetime, duration_ns: int = 0) -> Priced:
        """Return the cost of one call that began `at` (UTC) and took `duration_ns`; 0 is an unknown duration.

        None when the model has no price, or when what the price needs is unknown. Embeddings have no output.
        """
        if not model:
            return UNPRICED
        own = self._own(provider, model, at) or self._own("", model, at)
        if own is not None:
            cost, source = own.cost(usage, duration_ns), "override"
        else:
            cost, source = self._public(provider, model, usage, at), self.public_source
        return UNPRICED if cost is None else Priced(cost.quantize(_CENTS), source)

    def _own(self, provider: str, model: str, at: datetime) -> _Own | None:
        dated = self._overrides.get((provider, model.lower()))
        return next((own for own in dated if own.since <= at.date()), None) if dated else None

    def _public(self, provider: str, model: str, usage: Usage, at: datetime) -> Decimal | None:
        given = usage.input_tokens
        info = None if given is None else self._model(provider, model)
        if given is None or info is None:
            return None
        price = info.get_prices(at)
        made = usage.output_tokens
        if price.input_mtok is None or (made is None and price.output_mtok):
            return None  # sold by the hour or the page, or a count is missing
        rate = self._rate(price)
        if rate is not None:
            return rate.cost(usage, given, made or 0)
        cached = min(usage.cached_input_tokens or 0, given)
        counts = genai_prices.Usage(
            input_tokens=given,
            output_tokens=made or 0,
            cache_read_tokens=cached,
            cache_write_tokens=min(usage.cache_write_tokens or 0, given - cached),
            output_reasoning_tokens=min(usage.reasoning_tokens or 0, made or 0),
        )
        return price.calc_price(counts)["total_price"]

    def _model(self, provider: str, model: str) -> genai_types.ModelInfo | None:
        key = (provider, model)
        if key not in self._models:
            if len(self._models) >= _CACHED_MODELS:
                self._models.clear()
            self._models[key] = _find(provider, model)
        return self._models[key]

    def _rate(self, price: genai_types.ModelPrice) -> _Rate | None:
        """Return the plain rates of a price, None if it has tiers; about 1 ms a call is saved this way."""
        known = self._rates.get(id(price))
        if known is None:
            if len(self._rates) >= _CACHED_MODELS:
                self._rates.clear()
            known = self._rates[id(price)] = (price, _plain_rate(price))  # holding the price keeps its id its own
        return known[1]


def _since(own: ModelPrice) -> date:
    return own.since or date.min


def _own(own: ModelPrice) -> _Own:
    given, made = own.input_per_million, own.output_per_million
    if given is None or made is None:
        return _Own(_since(own), None, own.per_second or Decimal(0))
    cached, written = own.cached_input_per_million, own.cache_write_per_million
    rate = _Rate(given, made, given if cached is None else cached, given if written is None else written)
    return _Own(_since(own), rate, Decimal(0))


def _plain_rate(price: genai_types.ModelPrice) -> _Rate | None:
    given, output, cached, written = (getattr(price, name, None) for name in _KNOWN)
    if price.output_reasoning_mtok is not None or price.requests_kcount is not None:
        return None
    rates = [given, output or Decimal(0), given if cached is None else cached, given if written is None else written]
    if not all(isinstance(rate, Decimal) for rate in rates):
        return None
    return _Rate(*rates)  # type: ignore[arg-type]


def _find(provider: str, model: str) -> genai_types.ModelInfo | None:
    """Return the model in the public list: by its provider, by its name alone, or by the provider in its name."""
    nothing = genai_prices.Usage(input_tokens=0, output_tokens=0)
    maker, _, rest = model.partition("/")
    for provider_id, name in ((provider or None, model), (None, model), (maker, rest)):
        if not name:
            continue
        try:
            return genai_prices.calc_price(nothing, name, provider_id=provider_id).model
        except (LookupError, ValueError):
            continue
    return None
