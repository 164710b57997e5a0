"""Prices of model calls: the public ones of genai-prices, read offline; the policy's own prices win over them.

Both kinds are dated, so a call is priced as of its start. A call without a price has none, and a reason: never zero.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from genai_prices import types as genai_types

from schema.pricing import reasons
from schema.pricing.models import find_model, needs_search_fee
from schema.pricing.tariffs import BySecond, own_tariff, public_tariff
from schema.pricing.usage_names import tier_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schema.policy.policy import ModelPrice
    from schema.pricing.models import Found
    from schema.pricing.tariffs import Tariff
    from schema.pricing.usage import Usage

_NANOS = Decimal("0.000000001")  # the column is DECIMAL(18, 9)
_ROOM = 10_000  # models and days that are remembered; senders choose the names of models
_POLICIES = 8  # whose prices are kept at hand
_DAY = 86_400 * 10**9  # ns
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEARCHES = "web_searches"


class Priced(NamedTuple):
    """A cost and where it comes from; without a price `cost_usd` is None, `source` "" and `reason` says why."""

    cost_usd: Decimal | None
    source: str = ""
    reason: str = ""


_of_policies: dict[str, Prices] = {}


def prices_of(overrides: Sequence[ModelPrice]) -> Prices:
    """Return the prices under a policy; the same object for the same overrides, as it remembers what it found."""
    key = _as_json(overrides)
    if key not in _of_policies:
        if len(_of_policies) >= _POLICIES:
            _of_policies.clear()
        _of_policies[key] = Prices(overrides)
    return _of_policies[key]


def _as_json(overrides: Sequence[ModelPrice]) -> str:
    return json.dumps([own.model_dump(mode="json", exclude_defaults=True) for own in overrides])


class _Price(NamedTuple):
    """What holds for a model, a day and a tier."""

    tariff: Tariff | None
    source: str
    reason: str = ""  # why there is none


class Prices:
    """Prices model calls. Overrides win over the public list; the most specific one (with a provider) wins.

    Of those for one provider, model and tier the latest wins that holds on the day of the call.
    """

    def __init__(self, overrides: Sequence[ModelPrice] = ()) -> None:
        """Take the policy's own prices."""
        self.overrides = _as_json(overrides)
        self.public_source = f"genai-prices {version('genai-prices')}"
        self._overrides: dict[tuple[str, str], dict[str, list[tuple[date, Tariff]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for own in sorted(overrides, key=_since):
            dated = self._overrides[own.provider.lower(), own.model.lower()][tier_of(own.service_tier)]
            dated.insert(0, (_since(own), own_tariff(own)))  # the latest first
        self._models: dict[tuple[str, str], Found | None] = {}
        self._known: dict[tuple[str, str, str, int], _Price] = {}

    def price(  # noqa: PLR0913 - what the price of a call depends on
        self, provider: str, model: str, usage: Usage, start_time: int, duration_ns: int = 0, *, tier: str = ""
    ) -> Priced:
        """Return the cost of one call that began at `start_time` (ns since the epoch); a duration of 0 is unknown.

        `tier` is the service tier that served it, "" the standard one. Without a price, or where something that the
        price needs is unknown, the cost is None. Embeddings have no output.
        """
        if not model:
            return Priced(None, reason=reasons.NO_MODEL)
        known = self._price(provider, model, tier, start_time)
        if known.tariff is None:
            return Priced(None, reason=known.reason)
        cost, reason = known.tariff.cost(usage, duration_ns)
        if cost is not None and needs_search_fee(model) and _SEARCHES not in usage.units:
            cost, reason = None, reasons.unit_without_rate(_SEARCHES)
        return Priced(None, reason=reason) if cost is None else Priced(cost.quantize(_NANOS), known.source)

    def _price(self, provider: str, model: str, tier: str, start_time: int) -> _Price:
        key = (provider, model, tier, start_time // _DAY)
        known = self._known.get(key)
        if known is not None:
            return known
        at = _EPOCH + timedelta(microseconds=start_time // 1000)
        own = self._own(provider, model, tier, at.date()) or self._own("", model, tier, at.date())
        info = None if own else self._model(provider, model)
        price = own or self._public(info, at, tier)
        if info is None or not _changes_by_the_hour(info.model):
            _make_room(self._known)
            self._known[key] = price
        return price

    def _own(self, provider: str, model: str, tier: str, day: date) -> _Price | None:
        """Return the policy's price; one by token holds for the tier that it names, one by second for all."""
        tiers = self._overrides.get((provider, model.lower()))
        if tiers is None:
            return None
        for dated in (tiers.get(tier, ()), tiers.get("", ())):
            tariff = next((each for since, each in dated if since <= day), None)
            if tariff is not None:
                if dated is not tiers.get(tier) and not isinstance(tariff, BySecond):
                    return _Price(None, "", reasons.tier_without_rate(tier))
                return _Price(tariff, "override")
        return None

    def _public(self, found: Found | None, at: datetime, tier: str) -> _Price:
        if found is None:
            return _Price(None, "", reasons.MODEL_UNKNOWN)
        tariff = public_tariff(found, at, tier)
        if tariff is None:
            return _Price(None, "", reasons.tier_without_rate(tier) if tier else reasons.MODEL_UNKNOWN)
        return _Price(tariff, self.public_source)

    def _model(self, provider: str, model: str) -> Found | None:
        key = (provider, model)
        if key not in self._models:
            _make_room(self._models)
            self._models[key] = find_model(provider, model)
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
