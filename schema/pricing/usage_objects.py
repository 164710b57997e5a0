"""Usage objects: the counts of a call in the shapes of providers, gateways and frameworks."""

from __future__ import annotations

from math import ceil, isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

from schema.pricing.arithmetic import Counts, settled
from schema.pricing.usage import NO_UNITS, NO_USAGE, Usage, count
from schema.pricing.usage_names import TIER, TOOL_PROMPT, TOTAL, UNCACHED, slot_of, snake, tier_of
from schema.usage_units import CACHE_UNITS, UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schema.otlp.attributes import Plain

_DEPTH: Final = 4  # objects inside a usage object
_MOST: Final = 200  # fields of a usage object that are read; real ones have some twenty
_KINDS: Final = frozenset({"audio", "image", "video", "document"})
_TIERS_IN_DETAILS: Final = frozenset({"flex", "priority"})
_WHOLES: Final = frozenset({"input", "output", "input_tokens", "output_tokens"})
_OUTSIDE: Final = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens", "cache_write_input_tokens"})
"""Fields of Anthropic and Bedrock: on the top of an object, they exclude one another and the input."""

_INNER: Final = ("usage", "usageMetadata", "usage_metadata", "billed_units")
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


def first_reported(values: Iterable[Plain], provider: str = "") -> Reported:
    """Return what the first usage object says that has any counts."""
    found = (reported_by(value, provider) for value in values)
    return next((each for each in found if each.usage != NO_USAGE), NOTHING)


def reported_by(value: Plain, provider: str = "") -> Reported:
    """Return what a usage object says; `provider` is the one that was called, "" if unknown.

    Buckets of Anthropic, Bedrock and Langfuse (`input` and `cache_read_input_tokens`) exclude one another, and the
    thoughts of Gemini and xAI lie beside the answer: the counts are added up. The input of all others includes
    the cache.
    """
    if not isinstance(value, dict):
        return NOTHING
    value = _innermost(value)
    found: dict[str, int] = {}
    tiers = []
    for slot, item in fields(value):
        if slot == TIER:
            tiers.append(str(item))
        else:
            number = count(_whole(item) if slot.endswith("_seconds") else item)
            if number is not None:
                found.setdefault(slot, number)
    tier = next((each for each in tiers if tier_of(each)), tiers[0] if tiers else "")
    if not found:
        return NOTHING._replace(tier=tier)
    sent = _by_shape(counts_of(found), value, provider)
    usage, note = settled(sent)
    return Reported(usage, tier, sent.total, note)


def counts_of(found: dict[str, int]) -> Counts:
    """Return counts by slot (schema/pricing/usage_names.py) as counts of a call."""
    get = found.get
    used, output, reasoning = get("input_tokens"), get("output_tokens"), get("reasoning_tokens")
    cached, written, total = get("cached_input_tokens"), get("cache_write_tokens"), get(TOTAL)
    units = {unit: number for unit, number in found.items() if number and unit in UNITS}
    if units:
        by_lifetime = sum(units.get(unit, 0) for unit in CACHE_UNITS)
        if by_lifetime > (written or 0):  # LangChain moves them there and leaves none behind
            written = by_lifetime
    tool_prompt = get(TOOL_PROMPT)
    if tool_prompt and used is not None and (total is None or total > used + (output or 0) + (reasoning or 0)):
        used += tool_prompt
    outside = UNCACHED in found and found[UNCACHED] == used and bool(cached or written)
    return Counts(used, output, cached, written, reasoning, total, units or NO_UNITS, cache_outside=outside)


def _by_shape(sent: Counts, value: dict[str, Plain], provider: str) -> Counts:
    """Return the counts with what the shape of an object says of them."""
    top = {snake(key): key for key in value}
    if "input" in top or "output" in top:
        return _buckets(sent, value)
    if "citation_tokens" in top and sent.output is not None:  # Perplexity
        sent = sent._replace(output=sent.output + (count(value[top["citation_tokens"]]) or 0))
    gemini = _GEMINI in top
    if gemini and sent.output is None and sent.reasoning is not None:
        sent = sent._replace(output=0)  # it thought until its limit, and answered nothing
    details = any(_is_details(name) and isinstance(value[key], dict) for name, key in top.items())
    return sent._replace(
        cache_outside=sent.cache_outside or (not details and not _OUTSIDE.isdisjoint(top)),
        thoughts_outside=gemini or (provider == "xai" and "completion_tokens" in top),
    )


def _buckets(sent: Counts, value: dict[str, Plain]) -> Counts:
    """Return the counts of Langfuse's own shape, in which every part lies beside the rest of the input or output.

    A total of input and output alone says that they lie inside.
    """
    plain = (sent.input or 0) + (sent.output or 0)
    if sent.total == plain:
        return sent
    parts = {"input": 0, "output": 0}
    for key, item in value.items():
        name = snake(key)
        way = "input" if name in _OUTSIDE or name.startswith("cached_") else name.partition("_")[0]
        if way in parts and name not in _WHOLES:
            parts[way] += count(item) or 0
    return sent._replace(
        input=None if sent.input is None else sent.input + parts["input"],
        output=None if sent.output is None else sent.output + parts["output"],
    )


def fields(value: dict[str, Plain], path: tuple[str, ...] = (), depth: int = 0) -> Iterator[tuple[str, Plain]]:
    """Yield (slot, value) of every field that counts something, those of inner objects first."""
    if depth > _DEPTH:
        return
    items = list(value.items())[:_MOST]
    for key, item in items:
        inner = (*path, key)
        if isinstance(item, dict):
            yield from fields(item, inner, depth + 1)
        elif isinstance(item, list):
            yield from _listed(item, inner)
    for key, item in items:
        if not isinstance(item, (dict, list)) and item is not None:
            if path and key in _TIERS_IN_DETAILS:  # LangChain: the tokens that this tier served
                yield TIER, key
                continue
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


def _whole(seconds: Plain) -> Plain:
    return ceil(seconds) if isinstance(seconds, float) and isfinite(seconds) else seconds


def _is_details(name: str) -> bool:
    return name.startswith(("input", "prompt")) and name.endswith("details")


def _innermost(value: dict[str, Plain]) -> dict[str, Plain]:
    """Return the usage in a response or a provider's metadata (`{"anthropic": {"usage": {...}}}`), else all of it."""
    for outer in (value, *value.values()):
        if isinstance(outer, dict):
            for name in _INNER:
                inner = outer.get(name)
                if isinstance(inner, dict):
                    tiers = {key: item for key, item in outer.items() if slot_of((key,)) == TIER}
                    return {**tiers, **(inner if name == "billed_units" else _innermost(inner))}
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
