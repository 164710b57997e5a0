from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import formatting


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (None, "—"),
        (0, "0 s"),
        (999, "999 ns"),
        (1_500, "1.50 µs"),
        (999_999, "1.00 ms"),
        (40_000_000, "40.0 ms"),
        (2_121_000_000, "2.12 s"),
        (59_940_000_000, "59.9 s"),
        (59_960_000_000, "1 min 0 s"),
        (3_599_600_000_000, "1 h 0 min"),
        (90_000_000_000_000, "25 h 0 min"),
    ],
)
def test_duration(nanoseconds: float | None, text: str) -> None:
    assert formatting.duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "—"),
        (Decimal(0), "$0.00"),
        (Decimal("1234.567"), "$1,234.57"),
        (Decimal("0.31964"), "$0.3196"),
        (Decimal("0.01"), "$0.0100"),
        (Decimal("0.00068"), "$0.00068"),
        (Decimal("0.000000012"), "$0.000000012"),
        (Decimal("-2.5"), "$-2.50"),
    ],
)
def test_money(usd: Decimal | None, text: str) -> None:
    assert formatting.money(usd) == text


@given(st.decimals(min_value="0.000000001", max_value="999999999", places=9))
def test_money_is_never_rounded_to_nothing(usd: Decimal) -> None:
    shown = Decimal(formatting.money(usd).removeprefix("$").replace(",", ""))
    assert shown > 0
    assert abs(shown - usd) <= usd * Decimal("0.05")


@given(st.integers(min_value=0, max_value=10**19))
def test_duration_keeps_two_digits(nanoseconds: int) -> None:
    sizes = {"ns": 1, "µs": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
    words = formatting.duration(nanoseconds).split()
    shown = sum(float(value) * sizes[unit] for value, unit in zip(words[::2], words[1::2], strict=True))
    assert abs(shown - nanoseconds) <= max(0.01 * nanoseconds, 0.5)


def test_calls_without_a_price_are_said_beside_the_cost() -> None:
    assert formatting.cost(Decimal(2), 0) == "$2.00"
    assert formatting.cost(Decimal(2), 3) == "$2.00 + 3 unpriced calls"
    assert formatting.cost(None, 1) == "no price"
    assert formatting.cost(None, 0) == "—"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "—"), (0, "0"), (9_999, "9,999"), (10_000, "10k"), (999_999, "1M"), (2_500_000, "2.5M")]
)
def test_tokens(value: int | None, text: str) -> None:
    assert formatting.tokens(value) == text


def test_share_of_nothing_is_unknown() -> None:
    assert formatting.share(0, 0) == "—"
    assert formatting.share(1, 3) == "33 %"
    assert formatting.share(1, 200) == "0.5 %"
    assert formatting.share(0, 5) == "0 %"


def test_moment_is_in_the_zone_of_the_viewer() -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert formatting.moment(noon, timezone(timedelta(hours=2))) == "Jan 31 14:00:00"


def test_reasons_are_listed_by_their_number() -> None:
    assert formatting.reasons({"model unknown": 1, "tokens not reported": 1_200}) == (
        "tokens not reported (1,200), model unknown"
    )
    assert formatting.reasons({}) == ""
