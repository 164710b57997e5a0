"""Which seller's price a call has, and the one name under which its calls are grouped."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schema.policy.policy import ModelPrice
from schema.pricing import reasons
from schema.pricing.models import OWN_MACHINES, canonical_model, find_model
from schema.pricing.prices import Prices
from schema.pricing.usage import Usage

AT = 1_796_000_000 * 10**9  # 30 November 2026
MILLION = Usage(1_000_000, 0)


@pytest.mark.parametrize(
    ("provider", "model", "seller", "found"),
    [
        ("google", "models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("google", "projects/p/locations/eu/publishers/google/models/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("google", "claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5"),
        ("openrouter", "openai/gpt-4o", "openrouter", "openai/gpt-4o"),
        ("openrouter", "openai/gpt-4o:online", "openrouter", "openai/gpt-4o"),
        ("openai", "gpt-4o-mini-2024-07-18", "openai", "gpt-4o-mini"),
        ("azure.ai.openai", "gpt-4o", "azure", "gpt-4o"),
        ("", "openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("", "claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("litellm_proxy", "anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("my-gateway", "openai/gpt-4o", "openai", "gpt-4o"),
    ],
)
def test_a_seller_has_the_model_under_any_of_its_names(provider: str, model: str, seller: str, found: str) -> None:
    sold = find_model(provider, model)
    assert sold is not None
    assert (sold.provider.id, sold.model.id) == (seller, found)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        *((machine, model) for machine in sorted(OWN_MACHINES) for model in ("gpt-4o", "openai/gpt-4o", "command-r")),
        ("groq", "gpt-4o"),  # does not sell it
        ("openai", "claude-sonnet-4-5"),
        ("anthropic", "gpt-4o"),
        ("my-gateway", "gpt-4o"),  # who knows whose
        ("huggingface", "meta-llama/Llama-3.3-70B-Instruct"),
        ("", "gpt-oss-120b"),  # open weights, at anybody's
        ("", "llama3.3:70b"),
        ("", "qwen3-8b"),
    ],
)
def test_a_model_never_gets_the_price_of_another_seller(provider: str, model: str) -> None:
    priced = Prices().price(provider, model, MILLION, AT)
    assert (priced.cost_usd, priced.source, priced.reason) == (None, "", reasons.MODEL_UNKNOWN)


@pytest.mark.parametrize(
    ("names", "canonical"),
    [
        (
            ["gpt-4o-mini", "openai/gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openrouter/openai/gpt-4o-mini"],
            "gpt-4o-mini",
        ),
        (
            [
                *("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
                *("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"),
                *(
                    "claude-sonnet-4-5@20250929",
                    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5",
                ),
            ],
            "claude-sonnet-4-5",
        ),
        (
            ["models/gemini-2.5-pro", "gemini-2.5-pro", "google/gemini-2.5-pro:online", "Gemini-2.5-Pro"],
            "gemini-2.5-pro",
        ),
        (["our-llama", "Our-Llama"], "our-llama"),
        ([""], ""),
    ],
)
def test_many_names_come_to_one(names: list[str], canonical: str) -> None:
    assert {canonical_model(name) for name in names} == {canonical}


def test_what_a_gateway_searches_for_a_call_is_a_fee_that_has_to_be_counted() -> None:
    prices = Prices()
    online = prices.price("openrouter", "openai/gpt-4o:online", MILLION, AT)
    assert (online.cost_usd, online.reason) == (None, "unit without a rate: web_searches")
    assert prices.price("openrouter", "deepseek/deepseek-r1:free", MILLION, AT).cost_usd == 0


@pytest.mark.parametrize(
    ("usage", "tier", "cost", "reason"),
    [
        (MILLION, "", "1.25", ""),
        (MILLION, "flex", "0.625", ""),
        (MILLION, "batch", "0.625", ""),
        (MILLION, "priority", "2.5", ""),
        (MILLION, "scale", None, "tier without a rate: scale"),
        (Usage(None, 1), "", None, "tokens not reported"),
        (Usage(10, 1, units={"input_audio_tokens": 3}), "", None, "unit without a rate: input_audio_tokens"),
        (Usage(1_000_000, 0, units={"input_image_tokens": 9}), "", "1.25", ""),  # pictures cost like words
    ],
)
def test_a_call_without_a_price_says_why(usage: Usage, tier: str, cost: str | None, reason: str) -> None:
    priced = Prices().price("openai", "gpt-5", usage, AT, tier=tier)
    assert (priced.cost_usd, priced.reason) == (None if cost is None else Decimal(cost), reason)


def test_what_part_of_the_cache_was_audio_has_to_be_known() -> None:
    counts = {"input_audio_tokens": 600}
    prices = Prices()
    unknown = prices.price("openai", "gpt-realtime", Usage(1000, 0, 500, units=counts), AT)
    assert (unknown.cost_usd, unknown.reason) == (None, reasons.NO_TOKENS)
    known = prices.price(
        "openai", "gpt-realtime", Usage(1000, 0, 500, units=counts | {"cache_audio_read_tokens": 100}), AT
    )
    # text: 400 cached at 0.40; audio: 500 fresh at 32, 100 cached at 0.40 USD a million
    assert known.cost_usd == Decimal("0.0162")


def test_the_policy_has_tiers_and_units_of_its_own() -> None:
    def price(**more: object) -> ModelPrice:
        return ModelPrice.model_validate(
            {"model": "our-gpt", "input_per_million": 2, "output_per_million": 8, "cached_input_per_million": 1, **more}
        )

    own = Prices(
        [
            price(per_million={"input_audio_tokens": 20}, per_thousand={"web_searches": 10}),
            price(service_tier="priority", input_per_million=4),
        ]
    )

    def cost(usage: Usage, tier: str = "") -> tuple[Decimal | None, str]:
        priced = own.price("vllm", "our-gpt", usage, AT, tier=tier)
        return priced.cost_usd, priced.reason

    assert cost(MILLION) == (2, "")
    assert cost(MILLION, "priority") == (4, "")
    assert cost(MILLION, "flex") == (None, "tier without a rate: flex")
    # 900 x 2 + 100 x 20 USD a million, and 3 cents for three searches
    assert cost(Usage(1000, 0, units={"input_audio_tokens": 100, "web_searches": 3})) == (Decimal("0.0338"), "")
    assert cost(Usage(1000, 0, units={"output_audio_tokens": 1})) == (None, "unit without a rate: output_audio_tokens")
    by_time = Prices([ModelPrice(model="our-gpt", per_second=Decimal(1))])
    assert by_time.price("vllm", "our-gpt", Usage(), AT, 10**9, tier="flex").cost_usd == 1
    assert by_time.price("vllm", "our-gpt", Usage(), AT).reason == reasons.NO_DURATION


def test_a_unit_that_nobody_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="is no unit that calls are counted in"):
        ModelPrice.model_validate(
            {"model": "m", "input_per_million": 1, "output_per_million": 1, "per_million": {"tokens": 1}}
        )
