"""Our costs against the price list: by hand for every provider and unit, and by the list's own arithmetic for the rest.

`one_call_a_unit.csv` has, for every provider and every unit that it has a price for, one call of a model and its cost,
worked out as count times rate on 30 November 2026 without any of our code or the library's.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import genai_prices
import pytest
from genai_prices import data_snapshot
from genai_prices.data_units import unit_data

from schema.pricing.prices import Prices
from schema.pricing.usage import TOKEN_COLUMNS, Usage
from schema.usage_units import UNITS

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
AT_NS = int(AT.timestamp()) * 10**9
PRICES = Prices()
BY_HAND = Path(__file__).parents[1] / "data" / "prices" / "one_call_a_unit.csv"
OUR_NAMES = {
    "cache_read_tokens": "cached_input_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "output_reasoning_tokens": "reasoning_tokens",
}
CALLS = 5_000
# A unit that has no rate of its own makes the call unpriced here; the library charges it like plain tokens or not at
# all. Pictures and video that are sent, and cache writes of five minutes, cost like plain tokens: docs/costs.md.
LIKE_PLAIN = {"cache_write_5m_tokens", "input_image_tokens", "input_video_tokens"}
LIKE_CACHED = {"cache_image_read_tokens": "input_image_mtok", "cache_video_read_tokens": "input_video_mtok"}


def usage_of(input_tokens: int, output_tokens: int, counts: dict[str, int]) -> Usage:
    named = {OUR_NAMES[unit]: number for unit, number in counts.items() if unit in OUR_NAMES}
    units = {unit: number for unit, number in counts.items() if unit not in OUR_NAMES}
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens, units=units, **named)  # type: ignore[arg-type]


def hand_priced() -> list[dict[str, str]]:
    with BY_HAND.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", hand_priced(), ids=lambda row: f"{row['provider']} {row['unit']}")
def test_one_call_a_provider_and_unit_costs_what_was_worked_out_by_hand(row: dict[str, str]) -> None:
    counts = {name: int(number) for name, _, number in (pair.partition("=") for pair in row["counts"].split())}
    usage = usage_of(int(row["input_tokens"]), int(row["output_tokens"]), counts)
    priced = PRICES.price(row["provider"], row["model"], usage, AT_NS)
    assert (priced.cost_usd, priced.reason) == (Decimal(row["cost_usd"]), "")


def test_no_unit_of_the_list_is_left_out() -> None:
    listed = {(row["provider"], row["unit"]) for row in hand_priced()}
    missing = {
        (provider.id, unit)
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
        for unit in rated(model)
    } - listed
    assert not missing
    assert {unit for _, unit in listed} - {"requests", "input_tokens", "output_tokens", *OUR_NAMES} <= UNITS
    assert set(unit_data) >= UNITS


def rated(model: ModelInfo) -> set[str]:
    """Return the units that a model has a rate for."""
    by_price = {str(unit.get("price_key", name)): name for name, unit in unit_data.items()}
    return {by_price[name] for name, rate in vars(model.get_prices(AT)).items() if rate is not None}


def made_up(chance: random.Random, model: ModelInfo) -> tuple[int, int, dict[str, int], str]:
    """Return input, output, counts by unit and tier of a call; parts are never larger than their whole."""
    used = chance.choice([0, 1, 999, 50_000, 127_999, 128_001, 199_999, 200_000, 200_001, 272_001, 600_000])
    output = chance.choice([0, 1, 500, 12_000])
    counts: dict[str, int] = {}
    left, known = used, rated(model)
    for unit in ("cache_read_tokens", "cache_write_tokens"):
        if left and chance.random() < 0.5:
            counts[unit] = chance.randint(0, left)
            left -= counts[unit]
    if counts.get("cache_write_tokens") and chance.random() < (0.4 if "cache_write_1h_tokens" in known else 0.05):
        counts["cache_write_1h_tokens"] = chance.randint(1, counts["cache_write_tokens"])
    if not counts and chance.random() < 0.4:  # without a cache, as the parts of both are not known
        kinds = [f"input_{kind}_tokens" for kind in ("audio", "image", "video")]
        for unit in [kind for kind in kinds if kind in known or chance.random() < 0.1]:
            counts[unit] = chance.randint(0, left)
            left -= counts[unit]
    left = output
    for unit in ("output_reasoning_tokens", "output_audio_tokens", "output_image_tokens"):
        if left and chance.random() < (0.4 if unit in known else 0.03):
            counts[unit] = chance.randint(0, left)
            left -= counts[unit]
    for unit in ("web_searches", "storage_searches", "output_citation_tokens"):
        if chance.random() < (0.3 if unit in known else 0.02) and (unit != "output_citation_tokens" or left):
            counts[unit] = chance.randint(1, max(1, min(left, 40)))
    own = [tier for variant in model.price_variants or () for tier in variant.when.values()]
    tier = chance.choice(["", *own]) if chance.random() < 0.95 else chance.choice(["batch", "flex", "scale"])
    return used, output, {unit: number for unit, number in counts.items() if number}, tier


def expected(
    provider: Provider, model: ModelInfo, call: tuple[int, int, dict[str, int], str]
) -> tuple[Decimal | None, str]:
    """Return the cost by the library, or the reason for which we differ."""
    used, output, counts, tier = call
    context = {"service_tier": tier, "processing": tier, "speed": tier} if tier else None
    variants = [
        variant
        for variant in model.price_variants or ()
        if (variant.constraint is None or variant.constraint.active(AT))
        and all((context or {}).get(name) == value for name, value in variant.when.items())
    ]
    if tier and not variants:
        return None, "tier without a rate"
    known = {
        str(unit.get("price_key", name)): name
        for name, unit in unit_data.items()
        if getattr(model.get_prices(AT, context), str(unit.get("price_key", name)), None) is not None
    }
    for unit in counts if known or model.id.endswith(":free") else ():
        plain = unit in LIKE_PLAIN or (unit in LIKE_CACHED and LIKE_CACHED[unit] not in known)
        if unit not in OUR_NAMES and unit not in known.values() and not plain:
            return None, "unit without a rate"
    if not known and not model.id.endswith(":free"):
        return None, "model unknown"
    if known and "input_mtok" not in known:
        return None, "tokens not reported" if not any(unit in known.values() for unit in counts) else "fees alone"
    usage = genai_prices.Usage(input_tokens=used, output_tokens=output, **counts)
    try:
        computed = model.calc_price(usage, provider, genai_request_timestamp=AT, price_context=context)
    except ValueError:
        return None, "counts contradict one another"
    return computed.total_price.quantize(Decimal("0.000000001")), ""


def test_thousands_of_calls_cost_what_the_library_computes() -> None:
    chance = random.Random(17)
    sold = [(provider, model) for provider in data_snapshot.get_snapshot().providers for model in provider.models]
    seen: Counter[str] = Counter()
    for number in range(CALLS):
        provider, model = sold[number % len(sold)] if number < 2 * len(sold) else chance.choice(sold)
        found = provider.find_model(model.id, all_providers=None)
        if found is not model:
            seen["another model of the list has the name"] += 1
            continue
        call = made_up(chance, model)
        cost, reason = expected(provider, model, call)
        usage = usage_of(call[0], call[1], call[2])
        priced = PRICES.price(provider.id, model.id, usage, AT_NS, tier=call[3])
        told = f"{provider.id} {model.id} {call}: {priced} instead of {cost} {reason}"
        if reason == "fees alone":
            assert priced.cost_usd is not None or priced.reason, told
        else:
            assert priced.cost_usd == cost, told
            assert priced.reason.startswith(reason), told
        seen[reason or "priced"] += 1
    assert seen["priced"] > CALLS / 2, seen
    assert min(seen[reason] for reason in ("unit without a rate", "tier without a rate")) > 100, seen
    assert len(TOKEN_COLUMNS) == 5
