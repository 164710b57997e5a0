"""What the names mean under which SDKs, providers and gateways report counts, as attribute keys or fields of objects.

A name is a path: the dotted parts of an attribute key after its prefix (`gen_ai.usage.`), or the keys that lead to
a value inside an object. Parts are compared in snake case, so `inputTokenDetails.cacheReadTokens` and
`input_token_details.cache_read_tokens` are one name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from schema.usage_units import UNITS

PREFIXES: Final = ("gen_ai.usage.", "llm.usage.", "llm.token_count.", "ai.usage.")
"""Attribute keys that start so hold counts of a call."""

TOTAL: Final = "total_tokens"
TIER: Final = "service_tier"
TOOL_PROMPT: Final = "tool_prompt_tokens"  # Gemini: sent back to the model after a tool of its own, beside the prompt
UNCACHED: Final = "uncached_input_tokens"  # the input without the cached and cache-written tokens


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES: Final = {
    "input_tokens": _words("""
        input_tokens prompt_tokens input_token_count prompt_token_count input prompt total_input_tokens
        prompt_eval_count native_tokens_prompt
    """),
    "output_tokens": _words("""
        output_tokens completion_tokens output_token_count candidates_token_count output completion
        completion_token_count response_token_count total_output_tokens eval_count generated_tokens
        native_tokens_completion
    """),
    TOTAL: _words("total_tokens total total_token_count token_count tokens"),
    UNCACHED: _words("uncached_input_tokens input_tokens_uncached no_cache_tokens input_token_details_no_cache_tokens"),
    "cached_input_tokens": _words("""
        cache_read_input_tokens cached_input_tokens input_cached_tokens cached_tokens cache_read cache_read_tokens
        input_cache_read input_cache_read_tokens input_tokens_cached input_cached cache_read_input_token_count
        cached_content_token_count cached_content_tokens prompt_cache_hit_tokens cache_hit_tokens cached_prompt_tokens
        cached_prompt_text_tokens num_cached_tokens cached cache_tokens input_tokens_cache_read cache_read_input
        input_cached_token_count cached_token_count prompt_cached_tokens total_cached_tokens native_tokens_cached
        cache_input
    """),
    "cache_write_tokens": _words("""
        cache_creation_input_tokens cache_write_input_tokens cache_creation cache_creation_tokens cache_write_tokens
        cache_write input_cache_creation input_cache_write input_cache_write_tokens input_cache_creation_tokens
        cache_write_input_token_count input_tokens_cache_write input_tokens_cache_creation cache_creation_input
        cached_creation_tokens prompt_cache_creation_tokens
    """),
    "reasoning_tokens": _words("""
        reasoning_tokens output_reasoning_tokens reasoning_output_tokens output_reasoning reasoning thoughts_token_count
        thinking_tokens thought_tokens thoughts_tokens output_tokens_reasoning completion_reasoning_tokens
        reasoning_token_count thoughts total_thought_tokens native_tokens_reasoning
    """),
    TOOL_PROMPT: _words("tool_use_prompt_token_count tool_use_prompt_tokens total_tool_use_tokens"),
    "cache_write_5m_tokens": _words("""
        ephemeral_5m_input_tokens cache_write_5m_tokens cache_creation_5m cache_creation_5m_input_tokens
        cache_creation_5m_tokens input_cache_creation_5m cache_write_5m ephemeral_5m prompt_cache_creation_5m_tokens
        cache_creation_ephemeral_5m_input_tokens input_ephemeral_5m_input_tokens
    """),
    "cache_write_1h_tokens": _words("""
        ephemeral_1h_input_tokens cache_write_1h_tokens cache_creation_1h cache_creation_1h_input_tokens
        cache_creation_1h_tokens input_cache_creation_1h cache_write_1h ephemeral_1h prompt_cache_creation_1h_tokens
        cache_creation_ephemeral_1h_input_tokens input_ephemeral_1h_input_tokens
    """),
    "output_citation_tokens": _words("citation_tokens output_citation_tokens"),
    "web_searches": _words("""
        web_search_requests web_searches num_search_queries web_search_count web_search_calls web_search
    """),
    "code_executions": _words("code_execution_requests code_executions"),
    "storage_searches": _words("file_search_calls file_search_requests storage_searches"),
    "social_searches": _words("x_search_calls social_searches"),
    "rerank_searches": _words("search_units rerank_searches"),
    "audio_seconds": _words("audio_seconds seconds prompt_audio_seconds billable_audio_seconds"),
    "input_characters": _words("input_characters characters"),
    "input_document_pages": _words("input_document_pages pages_processed"),
    TIER: _words("service_tier traffic_type speed inference_geo"),
}
SLOTS: Final = {name: slot for slot, names in _NAMES.items() for name in names} | {name: name for name in UNITS}
"""Every name in snake case, and what it counts."""

_WAYS: Final = {
    **dict.fromkeys(("input", "prompt"), "input"),
    **dict.fromkeys(("output", "completion", "completions", "candidates", "response"), "output"),
}
_KINDS: Final = {"audio": "audio", "image": "image", "video": "video", "document": "image"}
_CALL_TIERS: Final = ("flex_", "priority_")  # before names in details, LangChain
_CACHE: Final = frozenset({"cache", "cached"})
_NOT_COUNTED: Final = frozenset({"cost", "price", "usd", "limit", "prediction"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST: Final = 120  # characters of a path; no name of a count is longer

STANDARD_TIERS: Final = frozenset(
    _words("""
        default standard standard_only auto on_demand none null unspecified unknown global not_available normal
        service_tier_unspecified traffic_type_unspecified service_tier_standard
    """)
)
"""Names of the tier that the list price is for."""

_TIERS: Final = {"on_demand_priority": "priority", "on_demand_flex": "flex", "batches": "batch", "batch_api": "batch"}


def snake(name: str) -> str:
    """Return a name in snake case."""
    return _CAMEL.sub("_", name).replace("-", "_").replace(" ", "_").lower()


@lru_cache(maxsize=4096)  # senders choose the names
def slot_of(path: tuple[str, ...]) -> str:
    """Return what a count under this path is: a token column, TOTAL, TOOL_PROMPT, TIER or one of UNITS; "" if unknown.

    >>> slot_of(("inputTokenDetails", "cacheReadTokens"))
    'cached_input_tokens'
    """
    parts = [snake(part) for part in path] if sum(map(len, path)) <= _LONGEST else []
    parts = parts[parts[:1] == ["details"] :]
    joined = "_".join(parts)
    if joined in SLOTS:
        return SLOTS[joined]
    words = joined.split("_")
    if not _NOT_COUNTED.isdisjoint(words):
        return ""
    unit = _of_kind(words)
    # Inside details, "input_tokens" or "total" count the part that the details are about, not the call.
    last = parts[-1].removeprefix(_CALL_TIERS[0]).removeprefix(_CALL_TIERS[1]) if len(parts) > 1 else ""
    inner = SLOTS.get(last, "")
    return unit or (inner if inner not in {"input_tokens", "output_tokens", TOTAL} else "")


def _of_kind(words: list[str]) -> str:
    """Return the unit of audio, images or video that these words name, "" if they name none."""
    kind = next((_KINDS[word] for word in words if word in _KINDS), "")
    way = next((_WAYS[word] for word in words if word in _WAYS), "")
    if not kind or "tool" in words:
        return ""
    if "seconds" in words:
        return f"{way}_{kind}_seconds" if way and kind == "audio" else ""
    if {"tokens", "token", "details", "count", "modality"}.isdisjoint(words) and len(words) > 2:  # noqa: PLR2004 - `input_audio`
        return ""
    if not _CACHE.isdisjoint(words):
        return f"cache_{kind}_read_tokens"
    return f"{way}_{kind}_tokens" if way else ""


def tier_of(name: str) -> str:
    """Return a service tier in the words of the price list, "" for the standard tier."""
    tier = snake(name.strip())
    tier = _TIERS.get(tier, tier.removeprefix("service_tier_"))
    return "" if tier in STANDARD_TIERS else tier
