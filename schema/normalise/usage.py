"""What a call used, from the attributes and usage objects of its span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schema.otlp.attributes import parse, scalar
from schema.pricing.arithmetic import Counts, settled
from schema.pricing.real_calls import FRAME_KINDS
from schema.pricing.usage import TOKEN_COLUMNS, Usage, count, first_cost, known_cost
from schema.pricing.usage_names import TIER, tier_of
from schema.pricing.usage_objects import NOTHING, counts_of, first_reported, merged_usage

if TYPE_CHECKING:
    from schema.normalise.reading import Reading
    from schema.pricing.usage_objects import Reported
    from schema.span import Span

_IN_PARAMETERS: Final = "service_tier"


def fill_usage(span: Span, reading: Reading) -> None:
    """Fill the counts, the tier and the reported cost of a span that may carry cost."""
    plan, values = reading.plan, reading.values
    found: dict[str, int] = {}
    tier = scalar(reading.best(TIER))
    for column in TOKEN_COLUMNS:
        key = plan.columns.get(column)
        number = None if key is None else count(values[key])
        if number is not None:
            found[column] = number
    for slot, key in plan.counts:
        if slot == TIER:
            tier = tier or scalar(values[key])
        else:
            number = count(values[key])
            if number is not None:
                found.setdefault(slot, number)
    reported = first_reported(reading.parsed(plan.usage)) if plan.usage else NOTHING
    usage, note = _settled(found, reported, count(reading.best("uncached_input_tokens")))
    if span.kind in FRAME_KINDS:
        span.usage_units = _kept_apart(usage)
    else:
        span.usage_units = dict(usage.units) if usage.units else span.usage_units
        for column, counted in zip(TOKEN_COLUMNS, usage, strict=False):
            setattr(span, column, counted)
    span.usage_note = note
    span.service_tier = tier_of(tier or reported.tier or _requested_tier(reading))
    span.reported_cost_usd = known_cost(first_cost(reading.best("reported_cost"), reading.parsed(plan.costs)), usage)


def _kept_apart(usage: Usage) -> dict[str, int]:
    """Return all counts of an agent or workflow, which only count where nothing below it carries any."""
    tokens: dict[str, int] = {column: getattr(usage, column) for column in TOKEN_COLUMNS}
    known = {column: number for column, number in tokens.items() if number is not None}
    return {**known, **usage.units} if any(known.values()) or usage.units else {}


def _settled(found: dict[str, int], reported: Reported, uncached: int | None) -> tuple[Usage, str]:
    """Return the counts of attributes and of a usage object put together, and what was corrected."""
    if not found and uncached is None:
        return reported.usage, reported.note
    own = counts_of(found)
    attributes = Usage(own.input, own.output, own.cached, own.written, own.reasoning, own.units)
    usage = merged_usage(attributes, reported.usage, uncached)
    total = reported.total if own.total is None else own.total
    usage, note = settled(Counts(*usage[:5], total=total, units=usage.units))
    return usage, note or reported.note


def _requested_tier(reading: Reading) -> str:
    """Return the tier that the request asked for; the answer names another where it was served otherwise."""
    key = reading.plan.columns.get("requested_tier")
    if key is None:
        return ""
    asked = reading.values[key]
    if not isinstance(asked, str) or not asked.startswith("{"):
        return scalar(asked)
    parameters = parse(asked) if _IN_PARAMETERS in asked else None
    return scalar(parameters.get(_IN_PARAMETERS)) if isinstance(parameters, dict) else ""
