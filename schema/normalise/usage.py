"""What a call used, from the attributes and usage objects of its span."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.otlp.attributes import parse, scalar
from schema.pricing.arithmetic import Counts, settled
from schema.pricing.real_calls import FRAME_KINDS
from schema.pricing.usage import TOKEN_COLUMNS, Usage, count, first_cost, known_cost
from schema.pricing.usage_names import TIER, TOTAL, UNCACHED, tier_of
from schema.pricing.usage_objects import NOTHING, counts_of, fields, first_reported, merged_usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.normalise.plan import Plan
    from schema.normalise.reading import Reading
    from schema.otlp.attributes import Plain
    from schema.span import Span


def fill_usage(span: Span, reading: Reading) -> None:
    """Fill the counts, the tier and the reported cost of a span that may carry cost."""
    plan, values, columns = reading.plan, reading.values, reading.plan.columns
    found: dict[str, int] = {}
    for column in TOKEN_COLUMNS:
        key = columns.get(column)
        if key is not None:
            number = count(values[key])
            if number is not None:
                found[column] = number
    tier = scalar(reading.best(TIER)) if TIER in columns else ""
    if plan.counts or plan.usage or plan.details or UNCACHED in columns:
        usage, span.usage_note, named = _put_together(found, reading, span.provider)
        tier = tier or named
    else:
        usage, span.usage_note = settled(counts_of(found))
    if usage.input_tokens is None and span.kind == "embedding" and TOTAL in found:
        usage = usage._replace(input_tokens=found[TOTAL])  # an embedding has no output
    if "requested_tier" in columns and not tier:
        tier = _requested_tier(values[columns["requested_tier"]])
    span.service_tier = tier_of(tier) if tier else ""
    if span.kind in FRAME_KINDS:
        span.usage_units = _kept_apart(usage)
    else:
        span.input_tokens, span.output_tokens, span.cached_input_tokens = usage[:3]
        span.cache_write_tokens, span.reasoning_tokens = usage[3:5]
        if usage.units:
            span.usage_units = dict(usage.units)
    if plan.costs or "reported_cost" in columns:
        cost = first_cost(reading.best("reported_cost"), reading.parsed(plan.costs))
        span.reported_cost_usd = known_cost(cost, usage)


def _kept_apart(usage: Usage) -> dict[str, int]:
    """Return all counts of an agent or workflow, which only count where nothing below it carries any."""
    tokens: dict[str, int] = {column: getattr(usage, column) for column in TOKEN_COLUMNS}
    known = {column: number for column, number in tokens.items() if number is not None}
    return {**known, **usage.units} if any(known.values()) or usage.units else {}


def _add_unruled(found: dict[str, int], plan: Plan, values: Mapping[str, Plain]) -> str:
    """Add the counts of attributes without a rule of their own, and return the tier that they name."""
    tier = ""
    items = [(slot, values[key]) for slot, key in plan.counts]
    for name, key in plan.details:
        details = parse(values[key])
        items += fields(details, (name,)) if isinstance(details, dict) else ()
    for slot, item in items:
        if slot == TIER:
            tier = tier or scalar(item)
        else:
            number = count(item)
            if number is not None:
                found.setdefault(slot, number)
    return tier


def _put_together(found: dict[str, int], reading: Reading, provider: str) -> tuple[Usage, str, str]:
    """Return the counts of attributes and of a usage object, what was corrected, and the tier that either names."""
    plan = reading.plan
    tier = _add_unruled(found, plan, reading.values)
    if not plan.usage and UNCACHED not in plan.columns:
        return *settled(counts_of(found)), tier
    uncached = count(reading.best(UNCACHED))
    reported = first_reported(reading.parsed(plan.usage), provider) if plan.usage else NOTHING
    tier = tier or reported.tier
    if not found and uncached is None:
        return reported.usage, reported.note, tier
    own = counts_of(found)
    attributes = Usage(own.input, own.output, own.cached, own.written, own.reasoning, own.units)
    usage = merged_usage(attributes, reported.usage, uncached)
    total = reported.total if own.total is None else own.total
    if total is not None and _sum(reported.usage) == total != _sum(usage):  # the object knows more than the attributes
        usage = usage._replace(input_tokens=reported.usage.input_tokens, output_tokens=reported.usage.output_tokens)
    usage, note = settled(Counts(*usage[:5], total=total, units=usage.units, cache_outside=own.cache_outside))
    return usage, note or reported.note, tier


def _sum(usage: Usage) -> int | None:
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return usage.input_tokens + usage.output_tokens


def _requested_tier(asked: Plain) -> str:
    """Return the tier that the request asked for; the answer names another where it was served otherwise."""
    if asked is True:  # an attribute that says that the call is one of a batch
        return "batch"
    if not isinstance(asked, str) or not asked.startswith("{"):
        return scalar(asked)
    parameters = parse(asked) if TIER in asked else None
    return scalar(parameters.get(TIER)) if isinstance(parameters, dict) else ""
