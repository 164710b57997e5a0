"""Costs against values worked out by hand from the providers' price lists."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.policy import ModelPrice
from schema.prices import Prices
from schema.usage import Usage

PRICES = Prices()
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "model", "usage", "cost"),
    [
        # 816 x 0.15 + 1024 x 0.075 + 96 x 0.60 USD a million
        ("openai", "gpt-4o-mini-2024-07-18", Usage(1840, 96, 1024, None, 32), "0.0002568"),
        # 792 x 3 + 1024 x 0.30 + 128 x 3.75 + 96 x 15
        ("anthropic", "claude-sonnet-4-5", Usage(1944, 96, 1024, 128), "0.0046032"),
        # 816 x 0.30 + 1024 x 0.03 + 96 x 2.50
        ("google", "gemini-2.5-flash", Usage(1840, 96, 1024, None, 32), "0.00051552"),
        # above 200,000 tokens: 300,000 x 2.50 + 96 x 15
        ("google", "gemini-2.5-pro", Usage(300_000, 96), "0.75144"),
        # 9 x 0.02; an embedding has no output
        ("openai", "text-embedding-3-small", Usage(9), "0.00000018"),
        ("", "openai/gpt-4o-mini", Usage(1_000_000, 0), "0.15"),
    ],
)
def test_a_call_costs_what_the_price_list_says(provider: str, model: str, usage: Usage, cost: str) -> None:
    priced = PRICES.price(provider, model, usage, AT)
    assert priced.cost_usd == Decimal(cost)
    assert priced.source == f"genai-prices {genai_prices.__version__}"


def test_a_call_is_priced_as_of_its_day() -> None:
    usage = Usage(1_000_000, 0)
    then = PRICES.price("openai", "o3", usage, datetime(2025, 5, 1, tzinfo=UTC))
    later = PRICES.price("openai", "o3", usage, AT)
    assert (then.cost_usd, later.cost_usd) == (Decimal(10), Decimal(2))


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("a-model-of-our-own", Usage(10, 10)),
        ("", Usage(10, 10)),
        ("gpt-4o-mini", Usage()),
        ("gpt-4o-mini", Usage(10)),  # how long was the answer?
        ("gpt-4o-mini", Usage(None, 10)),
    ],
)
def test_what_is_not_known_costs_nothing_known(model: str, usage: Usage) -> None:
    priced = PRICES.price("openai", model, usage, AT)
    assert priced.cost_usd is None
    assert priced.source == ""


def test_more_cached_than_sent_is_no_error() -> None:
    # 10 x 0.075
    assert PRICES.price("openai", "gpt-4o-mini", Usage(10, 0, 1024), AT).cost_usd == Decimal("0.00000075")


def test_the_policy_wins_and_the_provider_decides() -> None:
    prices = Prices(
        [
            ModelPrice(model="gpt-4o-mini", input_per_million=Decimal(1), output_per_million=Decimal(2)),
            ModelPrice(
                model="gpt-4o-mini",
                provider="openai",
                input_per_million=Decimal(3),
                output_per_million=Decimal(4),
                cached_input_per_million=Decimal(0),
            ),
        ]
    )
    usage = Usage(1_000_000, 1_000_000, 500_000)
    assert prices.price("openai", "GPT-4o-mini", usage, AT).cost_usd == Decimal("5.5")
    other = prices.price("elsewhere", "gpt-4o-mini", usage, AT)
    assert (other.cost_usd, other.source) == (Decimal(3), "override")


MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4.1-nano"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-3-5-haiku-latest"),
    ("google", "gemini-2.5-flash"),
    ("google", "gemini-2.5-pro"),
    ("mistral", "mistral-large-latest"),
]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(MODELS),
    st.integers(0, 400_000),
    st.integers(0, 10_000),
    st.integers(0, 100_000),
    st.integers(0, 9000),
)
def test_the_short_cut_equals_the_library(
    known: tuple[str, str], given_tokens: int, made: int, cached: int, written: int
) -> None:
    provider, model = known
    cached = min(cached, given_tokens)
    written = min(written, given_tokens - cached)
    whole = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=given_tokens, output_tokens=made, cache_read_tokens=cached, cache_write_tokens=written
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=AT,
    )
    priced = PRICES.price(provider, model, Usage(given_tokens, made, cached, written), AT)
    assert priced.cost_usd == whole.total_price.quantize(Decimal("0.000000001"))
