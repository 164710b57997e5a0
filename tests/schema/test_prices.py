"""Costs against values worked out by hand from the providers' price lists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import genai_prices
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.policy.policy import ModelPrice, Policy, PolicyError, load_policy
from schema.pricing.charge import charge
from schema.pricing.prices import Prices
from schema.pricing.usage import Usage
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from pathlib import Path

PRICES = Prices()
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def ns(at: datetime) -> int:
    return int(at.timestamp()) * 10**9


AT = ns(DAY)


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
    then = PRICES.price("openai", "o3", usage, ns(datetime(2025, 5, 1, tzinfo=UTC)))
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


def test_a_self_hosted_model_costs_by_the_second_and_needs_no_counts() -> None:
    prices = Prices([ModelPrice(model="our-llama", per_second=Decimal("0.0012"))])
    priced = prices.price("vllm", "Our-Llama", Usage(), AT, 2_500_000_000)
    assert (priced.cost_usd, priced.source) == (Decimal("0.003"), "override")
    # Where the end lies before the start, or a day after it, the duration of the call is unknown.
    for unknown in (0, 86_400 * 10**9 + 1):
        assert prices.price("vllm", "our-llama", Usage(10, 10), AT, unknown).cost_usd is None


def test_the_longest_call_at_the_highest_price_fits_the_column() -> None:
    call = Span(kind="llm", model="our-llama", duration_ns=86_400 * 10**9)
    charge([call], Prices([ModelPrice(model="our-llama", per_second=Decimal(10_000))]))
    assert to_batch([call]).column("cost_usd").to_pylist() == [Decimal(864_000_000)]


def test_seconds_are_charged_on_the_innermost_call_only() -> None:
    wrapper = Span(trace_id="1", span_id="a", kind="llm", model="our-llama", duration_ns=10**9)
    call = Span(trace_id="1", span_id="b", parent_span_id="a", kind="llm", model="our-llama", duration_ns=10**9)
    charge([wrapper, call], Prices([ModelPrice(model="our-llama", per_second=Decimal(1))]))
    assert (wrapper.cost_usd, wrapper.cost_source, call.cost_usd) == (None, "", Decimal(1))


def test_a_price_holds_from_its_day_on_until_a_later_one_does() -> None:
    always = ModelPrice(model="gpt-4o-mini", input_per_million=Decimal(1), output_per_million=Decimal(0))
    spring = always.model_copy(update={"input_per_million": Decimal(2), "since": date(2026, 3, 1)})
    summer = ModelPrice(model="gpt-4o-mini", per_second=Decimal(7), since=date(2026, 6, 1))

    def cost(prices: Prices, at: datetime) -> Decimal | None:
        return prices.price("openai", "gpt-4o-mini", Usage(1_000_000, 0), ns(at), 10**9).cost_usd

    for order in ([always, spring, summer], [summer, always, spring]):
        prices = Prices(order)
        assert cost(prices, datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)) == 1
        assert cost(prices, datetime(2026, 3, 1, tzinfo=UTC)) == 2
        assert cost(prices, datetime(2027, 1, 1, tzinfo=UTC)) == 7
    # Before its first own price a model costs what the public list says.
    assert cost(Prices([spring]), datetime(2026, 2, 1, tzinfo=UTC)) == Decimal("0.15")
    # A price for one provider that does not hold yet leaves the one for any provider in force.
    later = spring.model_copy(update={"provider": "openai"})
    assert cost(Prices([always, later]), datetime(2026, 2, 1, tzinfo=UTC)) == 1


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("per_second: 1, input_per_million: 1", "input_per_million does not go with per_second"),
        ("per_second: 1, cache_write_per_million: 1", "cache_write_per_million does not go with per_second"),
        ("input_per_million: 1", "output_per_million is missing"),
        ("since: 2026-01-01", "input_per_million is missing"),
        ("per_second: -1", "prices.0.per_second: Input should be greater than or equal to 0"),
        ("per_second: 10001", "prices.0.per_second: Input should be less than or equal to 10000"),
        ("per_second: 1, since: soon", "prices.0.since: Input should be a valid date"),
    ],
)
def test_a_price_is_by_token_or_by_second_and_says_which_field_is_wrong(
    tmp_path: Path, given: str, problem: str
) -> None:
    file = tmp_path / "spanledger.yaml"
    file.write_text(f"prices: [{{model: m, {given}}}]")
    with pytest.raises(PolicyError) as error:
        load_policy(file)
    assert str(error.value).startswith(f"{file}:1: prices.0")
    assert problem in str(error.value)


def test_prices_of_the_policy_file_are_read() -> None:
    price = {"model": "m", "per_second": 0.0012, "since": date(2026, 12, 1)}
    read = Policy.model_validate({"prices": [price]}).prices[0]
    assert (read.per_second, read.since) == (Decimal("0.0012"), date(2026, 12, 1))


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
        genai_request_timestamp=DAY,
    )
    priced = PRICES.price(provider, model, Usage(given_tokens, made, cached, written), AT)
    assert priced.cost_usd == whole.total_price.quantize(Decimal("0.000000001"))
