"""Usage objects: the counts of a call in the shapes of providers, gateways and frameworks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from schema.pricing.arithmetic import Counts, settled
from schema.pricing.usage import NO_UNITS, NO_USAGE, Usage, count
from schema.pricing.usage_names import TIER, TOOL_PROMPT, TOTAL, slot_of, snake
from schema.usage_units import CACHE_UNITS, UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schema.otlp.attributes import Plain

_DEPTH: Final = 4  # objects inside a usage object
_MOST: Final = 200  # fields of a usage object that are read; real ones have some twenty
_KINDS: Final = frozenset({"audio", "image", "video"})
_BESIDE: Final = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens", "cache_write_input_tokens"})
"""Fields of Anthropic and Bedrock: on the top of an object, they exclude one another and the input."""

_GEMINI: Final = "prompt_token_count"


class Reported(NamedTuple):
    """What a usage object says of a call."""

    usage: Usage = NO_USAGE
    tier: str = ""  # that served it, as sent; "" if it names none
    total: int | None = None
    note: str = ""  # what was corrected in the counts


NOTHING: Final = Reported()
"""What an object without counts says."""


def usage_of(value: Plain) -> Usage:
    """Return the counts in a usage object of any shape; NO_USAGE if it has none."""
    return reported_by(value).usage


def first_reported(values: Iterable[Plain]) -> Reported:
    """Return what the first usage object says that has any counts."""
    said = (reported_by(value) for value in values)
    return next((each for each in said if each.usage != NO_USAGE), NOTHING)


def reported_by(value: Plain) -> Reported:
    """Return what a usage object says.

    Buckets of Anthropic, Bedrock and Langfuse (`input` and `cache_read_input_tokens`) exclude one another, and
    Gemini's thoughts lie beside its candidates: the counts are added up. The input of all others includes the cache.
    """
    if not isinstance(value, dict):
        return NOTHING
    value = _innermost(value)
    top = {snake(key) for key in value}
    found: dict[str, int] = {}
    tier = ""
    for slot, item in _fields(value, (), 0):
        if slot == TIER:
            tier = tier or str(item)
        else:
            number = count(item)
            if number is not None:
                found.setdefault(slot, number)
    if not found:
        return NOTHING._replace(tier=tier)
    nested = any(isinstance(value.get(key), dict) and _is_details(snake(key)) for key in value)
    sent = counts_of(found, top=top, nested=nested)
    usage, note = settled(sent)
    return Reported(usage, tier, sent.total, note)


def counts_of(found: dict[str, int], *, top: set[str] | frozenset[str] = frozenset(), nested: bool = False) -> Counts:
    """Return counts by slot as counts of a call; `top` are the names of the object's own fields, in snake case."""
    used, output, reasoning = found.get("input_tokens"), found.get("output_tokens"), found.get("reasoning_tokens")
    written = found.get("cache_write_tokens")
    by_lifetime = [found[unit] for unit in CACHE_UNITS if unit in found]
    if sum(by_lifetime) > (written or 0):  # LangChain moves them there and leaves none behind
        written = sum(by_lifetime)
    if used is not None:
        used += found.get(TOOL_PROMPT, 0)
    gemini = _GEMINI in top
    if gemini and output is None and reasoning is not None:
        output = 0  # it thought until its limit, and answered nothing
    total = found.get(TOTAL)
    apart = "output_reasoning" in top and output is not None  # Langfuse's callback for LangChain: a bucket of its own
    return Counts(
        used,
        output,
        found.get("cached_input_tokens"),
        written,
        reasoning,
        total,
        {unit: number for unit, number in found.items() if number and unit in UNITS},
        cache_beside=not nested and ("input" in top or not _BESIDE.isdisjoint(top)),
        thoughts_beside=gemini or apart,
    )


def _fields(value: dict[str, Plain], path: tuple[str, ...], depth: int) -> Iterator[tuple[str, Plain]]:
    """Yield (slot, value) of every field that counts something, those of inner objects first."""
    if depth > _DEPTH:
        return
    items = list(value.items())[:_MOST]
    for key, item in items:
        inner = (*path, key)
        if isinstance(item, dict):
            yield from _fields(item, inner, depth + 1)
        elif isinstance(item, list):
            yield from _listed(item, inner)
    for key, item in items:
        if not isinstance(item, (dict, list)) and item is not None:
            slot = slot_of((*path, key))
            if slot:
                yield slot, item


def _listed(items: list[Plain], path: tuple[str, ...]) -> Iterator[tuple[str, Plain]]:
    """Yield (slot, value) of counts by kind (Gemini) or by lifetime (Bedrock), each an object in a list."""
    for item in items[:_MOST]:
        if isinstance(item, dict):
            fields = {snake(key): inner for key, inner in item.items()}
            kind = str(fields.get("modality") or fields.get("ttl") or "").lower()
            number = fields.get("token_count", fields.get("input_tokens"))
            if kind in _KINDS:
                slot = slot_of((*path, f"{kind}_tokens"))
            else:
                slot = slot_of((f"cache_write_{kind}",)) if kind in {"5m", "1h"} else ""
            if slot:
                yield slot, number


def _is_details(name: str) -> bool:
    return name.startswith(("input", "prompt")) and name.endswith("details")


def _innermost(value: dict[str, Plain]) -> dict[str, Plain]:
    """Return the usage inside a provider's metadata (`{"anthropic": {"usage": {...}}}`), else the value itself."""
    for inner in value.values():
        if isinstance(inner, dict):
            for name in ("usage", "usageMetadata", "usage_metadata", "billed_units"):
                if isinstance(inner.get(name), dict):
                    return inner[name]  # type: ignore[return-value]
    for name in ("usage", "usageMetadata", "usage_metadata", "billed_units"):
        inner = value.get(name)
        if isinstance(inner, dict):
            return inner
    return value


def merged_usage(attributes: Usage, reported: Usage, uncached: int | None) -> Usage:
    """Return the counts of a call: single attributes count first, then those of a usage object.

    `uncached` is the input without the cached and cache-written tokens, where the sender counts it so. An input
    attribute is taken as uncached too where the object's input is that plus the object's cached tokens (Vercel 5).
    """
    if uncached is None and reported == NO_USAGE:
        return attributes
    usage = Usage(
        _first(attributes.input_tokens, reported.input_tokens),
        _first(attributes.output_tokens, reported.output_tokens),
        _first(attributes.cached_input_tokens, reported.cached_input_tokens),
        _first(attributes.cache_write_tokens, reported.cache_write_tokens),
        _first(attributes.reasoning_tokens, reported.reasoning_tokens),
        {**reported.units, **attributes.units} if attributes.units or reported.units else NO_UNITS,
    )
    if uncached is None and _lacks_cache(attributes.input_tokens, reported):
        uncached = attributes.input_tokens
    if uncached is None:
        return usage
    return usage._replace(input_tokens=uncached + (usage.cached_input_tokens or 0) + (usage.cache_write_tokens or 0))


def _first(own: int | None, other: int | None) -> int | None:
    return other if own is None else own


def _lacks_cache(attribute: int | None, reported: Usage) -> bool:
    if attribute is None or attribute == reported.input_tokens:
        return False
    cache = (reported.cached_input_tokens or 0) + (reported.cache_write_tokens or 0)
    return attribute + cache == reported.input_tokens
