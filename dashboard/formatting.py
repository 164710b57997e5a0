"""How a figure is written on screen. What is unknown is an em dash, never a zero."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

UNKNOWN = "—"
NO_PRICE = "no price"

_SECOND = 1_000_000_000
_CENT = Decimal("0.01")
_HUNDREDTH_OF_CENT = Decimal("0.0001")
_SIXTY = 60
_UNITS = (("ns", 1, 1_000), ("µs", 1_000, 1_000), ("ms", 1_000_000, 1_000), ("s", _SECOND, _SIXTY))  # size, up to
_EXACT_BELOW = 10_000  # tokens written in full
_FINE_BELOW = 10  # percent written with a digit after the point


def count(value: int | None) -> str:
    """Return a whole number with thousands separators."""
    return UNKNOWN if value is None else f"{value:,}"


def plural(value: int, noun: str) -> str:
    """Return "1 run", "3,412 runs"."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def duration(nanoseconds: float | None) -> str:
    """Return nanoseconds with about three digits in the unit a person would choose."""
    if nanoseconds is None:
        return UNKNOWN
    if nanoseconds == 0:
        return "0 s"
    for unit, size, below in _UNITS:
        text = f"{nanoseconds:.0f}" if size == 1 else f"{nanoseconds / size:#.3g}".rstrip(".")
        if float(text) < below:
            return f"{text} {unit}"
    minutes, seconds = divmod(round(nanoseconds / _SECOND), _SIXTY)
    if minutes < _SIXTY:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(round(nanoseconds / _SECOND / _SIXTY), _SIXTY)
    return f"{hours} h {minutes} min"


def money(usd: Decimal | None, *, missing: str = UNKNOWN) -> str:
    """Return US dollars: cents from one dollar on, more digits below, so that a cost is never rounded to nothing."""
    if usd is None:
        return missing
    if usd == 0:
        return "$0.00"
    if abs(usd) >= 1:
        return f"${usd.quantize(_CENT):,}"
    if abs(usd) >= _CENT:
        return f"${usd.quantize(_HUNDREDTH_OF_CENT)}"
    digits = 1 - usd.adjusted()  # two significant digits
    return f"${usd:.{digits}f}"


def reasons(counts: Mapping[str, int]) -> str:
    """Return why calls have no price, the most frequent reason first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(reason if number == 1 else f"{reason} ({count(number)})" for reason, number in ordered)


def cost(usd: Decimal | None, unpriced_calls: int) -> str:
    """Return the cost of a run or a group, with the number of calls without a price, which are missing from the sum."""
    if unpriced_calls == 0:
        return money(usd)
    if usd is None:
        return NO_PRICE
    return f"{money(usd)} + {plural(unpriced_calls, 'unpriced call')}"


def share(part: int, whole: int) -> str:
    """Return part of whole in percent; of nothing it is unknown."""
    if whole == 0:
        return UNKNOWN
    percent = 100 * part / whole
    return f"{percent:.1f} %" if 0 < percent < _FINE_BELOW else f"{percent:.0f} %"


def tokens(value: int | None) -> str:
    """Return a number of tokens, shortened from ten thousand on."""
    if value is None:
        return UNKNOWN
    if value < _EXACT_BELOW:
        return f"{value:,}"
    for unit, size, below in (("k", 10**3, 1_000), ("M", 10**6, 1_000)):
        short = f"{value / size:.3g}"
        if float(short) < below:
            return f"{short}{unit}"
    return f"{value / 10**9:,.3g}G"


def moment(time: datetime, zone: tzinfo) -> str:
    """Return a point in time in the viewer's zone, to the second."""
    return f"{time.astimezone(zone):%b %d %H:%M:%S}"
