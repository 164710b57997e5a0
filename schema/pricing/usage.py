"""Token counts of one model call, from the objects in which providers and frameworks report them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.otlp.attributes import Plain

_INPUT = ("input_tokens", "prompt_tokens", "promptTokens", "inputTokens", "prompt_token_count", "input")
_OUTPUT = ("output_tokens", "completion_tokens", "completionTokens", "outputTokens", "candidates_token_count", "output")
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details", "inputTokenDetails")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details", "outputTokenDetails")
_CACHED = (
    *("cache_read_input_tokens", "input_cached_tokens", "cached_tokens", "cache_read", "cachedInputTokens"),
    *("input_cache_read", "cacheReadTokens", "cached_content_token_count"),
)
_WRITTEN = (
    "cache_creation_input_tokens",
    "cache_creation",
    "input_cache_creation",
    "cache_write_tokens",
    "cacheWriteTokens",
)
_REASONING = ("reasoning_tokens", "reasoning", "output_reasoning_tokens", "output_reasoning", "reasoningTokens")


class Usage(NamedTuple):
    """Token counts of one call; None is unknown. `input_tokens` includes the cached and cache-written ones."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


NO_USAGE = Usage()
"""Nothing is known."""

MOST_TOKENS = 10**10
"""No call has more; a larger number is not a count, and would break the sums that it goes into."""


def count(value: Plain) -> int | None:
    """Return a token count, None for anything that is no count of one call (negative, fractional, over MOST_TOKENS)."""
    if type(value) is int or type(value) is float:
        return int(value) if 0 <= value <= MOST_TOKENS and value == int(value) else None
    if isinstance(value, str) and len(value) < 20 and value.isascii() and value.isdecimal():  # noqa: PLR2004 - digits of 2**63
        return count(int(value))
    return None


def money(value: Plain) -> Decimal | None:
    """Return an amount of USD, None for anything that is no amount a column could hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount < 1_000_000_000:  # noqa: PLR2004 - DECIMAL(18, 9)
        return None
    return amount.quantize(Decimal("0.000000001"))


def usage_of(value: Plain) -> Usage:
    """Return the counts in a usage object of OpenAI, Anthropic, LangChain, Langfuse, MLflow, LiteLLM or Vercel.

    Buckets of Anthropic and Langfuse (`input` and `cache_read_input_tokens`) exclude one another: they are
    added up. The input of all others includes the cached tokens.
    """
    if not isinstance(value, dict):
        return Usage()
    value = _innermost(value)
    details = _object(value, _INPUT_DETAILS)
    used = _count(value, _INPUT)
    cached = _count(details, _CACHED)
    written = _count(details, _WRITTEN)
    outer_cached, outer_written = _count(value, _CACHED), _count(value, _WRITTEN)
    cached = outer_cached if cached is None else cached
    written = outer_written if written is None else written
    total = _count(value, ("total_tokens", "total"))
    output = _count(value, _OUTPUT)
    apart = count(value.get("output_reasoning"))  # Langfuse's callback for LangChain: a bucket of its own
    if output is not None and apart is not None and total != (used or 0) + output:
        output += apart
    if used is not None and not details and _exclusive(value, used, output, total):
        used += (cached or 0) + (written or 0)
    reasoning = _count(_object(value, _OUTPUT_DETAILS), _REASONING)
    return Usage(used, output, cached, written, _count(value, _REASONING) if reasoning is None else reasoning)


def first_usage(values: Iterable[Plain]) -> Usage:
    """Return the counts of the first usage object that has any."""
    return next((usage for value in values if (usage := usage_of(value)) != NO_USAGE), NO_USAGE)


def first_cost(attribute: Plain, costs: Iterable[Plain]) -> Plain:
    """Return the reported cost of a call: the attribute's own, else the `total` of the first object of costs."""
    if attribute is not None:
        return attribute
    totals = (value.get("total") for value in costs if isinstance(value, dict))
    return next((total for total in totals if total is not None), None)


def merged_usage(attributes: Usage, reported: Usage, uncached: int | None) -> Usage:
    """Return the counts of a call: single attributes count first, then those of a usage object.

    `uncached` is the input without the cached and cache-written tokens, where the sender counts it so. An input
    attribute is taken as uncached too where the object's input is that plus the object's cached tokens (Vercel 5).
    """
    if uncached is None and reported == NO_USAGE:
        return attributes
    usage = Usage(*(own if own is not None else other for own, other in zip(attributes, reported, strict=True)))
    if uncached is None and _lacks_cache(attributes.input_tokens, reported):
        uncached = attributes.input_tokens
    if uncached is None:
        return usage
    return usage._replace(input_tokens=uncached + (usage.cached_input_tokens or 0) + (usage.cache_write_tokens or 0))


def known_cost(cost: Plain, usage: Usage) -> Decimal | None:
    """Return the reported cost in USD; 0 for a call without tokens is unknown (Langfuse, of a call that failed)."""
    amount = money(cost)
    return None if amount == 0 and usage.input_tokens is None and usage.output_tokens is None else amount


def _lacks_cache(attribute: int | None, reported: Usage) -> bool:
    if attribute is None or attribute == reported.input_tokens:
        return False
    cache = (reported.cached_input_tokens or 0) + (reported.cache_write_tokens or 0)
    return attribute + cache == reported.input_tokens


def _innermost(value: dict[str, Plain]) -> dict[str, Plain]:
    """Return the usage inside a provider's metadata (`{"anthropic": {"usage": {...}}}`), else the value itself."""
    for inner in value.values():
        if isinstance(inner, dict) and isinstance(inner.get("usage"), dict):
            return inner["usage"]  # type: ignore[return-value]
    return value


def _exclusive(value: dict[str, Plain], used: int, output: int | None, total: int | None) -> bool:
    if total is not None and output is not None and total == used + output:
        return False
    return "input" in value or "cache_read_input_tokens" in value or "cache_creation_input_tokens" in value


def _object(value: dict[str, Plain], names: tuple[str, ...]) -> dict[str, Plain]:
    for name in names:
        inner = value.get(name)
        if isinstance(inner, dict):
            return inner
    return {}


def _count(value: dict[str, Plain], names: tuple[str, ...]) -> int | None:
    for name in names:
        counted = count(value.get(name))
        if counted is not None:
            return counted
    return None
