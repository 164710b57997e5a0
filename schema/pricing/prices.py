"""Prices of model calls: the public ones of genai-prices, read offline; the policy's own prices win over them.

Both kinds are dated, so a call is priced as of its start. A model without a price has none: never zero.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import genai_prices
from genai_prices import types as genai_types

from schema.pricing.tariffs import own_tariff, public_tariff

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.policy.policy import ModelPrice
    from schema.pricing.tariffs import Tariff
    from schema.pricing.usage import Usage

_NANOS = Decimal("0.000000001")  # the column is DECIMAL(18, 9)
_ROOM = 10_000  # models and days that are remembered; senders choose the names of models
_DAY = 86_400 * 10**9  # ns
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Priced(NamedTuple):
    """A cost and where it comes from: `cost_usd` is None and `source` "" when there is no price."""

    cost_usd: Decimal | None
    source: str


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
        self._overrides: dict[tuple[str, str], list[tuple[date, Tariff]]] = defaultdict(list)
        for own in sorted(overrides, key=_since):
            dated = self._overrides[own.provider.lower(), own.model.lower()]
            dated.insert(0, (_since(own), own_tariff(own)))  # the latest first
        self._models: dict[tuple[str, str], genai_types.ModelInfo | None] = {}
        self._tariffs: dict[tuple[str, str, int], tuple[Tariff | None, str]] = {}

    def price(self, provider: str, model: str, usage: Usage, start_time: int, duration_ns: int = 0) -> Priced:
        """Return the cost of one call that began at `start_time` (ns since the epoch); a duration of 0 is unknown.

        None when the model has no price, or when what the price needs is unknown. Embeddings have no output.
        """
        if not model:
            return UNPRICED
        tariff, source = self._tariff(provider, model, start_time)
        cost = None if tariff is None else tariff.cost(usage, duration_ns)
        return UNPRICED if cost is None else Priced(cost.quantize(_NANOS), source)

    def _tariff(self, provider: str, model: str, start_time: int) -> tuple[Tariff | None, str]:
        """Return what holds for a model at a time, and its source."""
        key = (provider, model, start_time // _DAY)
        known = self._tariffs.get(key)
        if known is not None:
            return known
        at = _EPOCH + timedelta(microseconds=start_time // 1000)
        tariff, source = self._own(provider, model, at.date()) or self._own("", model, at.date()), "override"
        info = None if tariff else self._model(provider, model)
        if info is not None:
            tariff, source = public_tariff(info.get_prices(at)), self.public_source
        if info is None or not _changes_by_the_hour(info):
            _make_room(self._tariffs)
            self._tariffs[key] = (tariff, source)
        return tariff, source

    def _own(self, provider: str, model: str, day: date) -> Tariff | None:
        dated = self._overrides.get((provider, model.lower()), ())
        return next((tariff for since, tariff in dated if since <= day), None)

    def _model(self, provider: str, model: str) -> genai_types.ModelInfo | None:
        key = (provider, model)
        if key not in self._models:
            _make_room(self._models)
            self._models[key] = _find(provider, model)
        return self._models[key]


def _make_room(known: dict[Any, Any]) -> None:
    if len(known) >= _ROOM:
        known.clear()


def _since(own: ModelPrice) -> date:
    return own.since or date.min


def _changes_by_the_hour(info: genai_types.ModelInfo) -> bool:
    if not isinstance(info.prices, list):
        return False
    return any(isinstance(price.constraint, genai_types.TimeOfDateConstraint) for price in info.prices)


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
