"""Counts that contradict their definition are put right by arithmetic, or left as sent with a note."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otlp_requests import span_with

from schema.pricing.arithmetic import CACHE_ADDED, THOUGHTS_ADDED, TOTAL_DIFFERS, TWO_READINGS, Counts, settled
from schema.pricing.usage import Usage
from schema.pricing.usage_names import slot_of, tier_of
from schema.pricing.usage_objects import reported_by, usage_of
from schema.usage_units import UNITS

if TYPE_CHECKING:
    from schema.span import Span


@pytest.mark.parametrize(
    ("sent", "usage", "note"),
    [
        (Counts(7507, 250, 6000, 1500, None, 7757), Usage(7507, 250, 6000, 1500), ""),
        (Counts(7, 250, 6000, 1500, None, 7757), Usage(7507, 250, 6000, 1500), CACHE_ADDED),
        (Counts(7, 250, 6000, 1500), Usage(7507, 250, 6000, 1500), CACHE_ADDED),
        (Counts(7, 250, 6000, None, None, 257), Usage(6007, 250, 6000), CACHE_ADDED),  # the total lacks the cache too
        (Counts(900, 250, 600, 200, None, 1950), Usage(1700, 250, 600, 200), CACHE_ADDED),  # only the total tells
        (Counts(900, 250, 600, 200, None, 1350), Usage(1100, 250, 600, 200), CACHE_ADDED),  # the written ones alone
        (Counts(1200, 80, None, None, 4000), Usage(1200, 4080, None, None, 4000), THOUGHTS_ADDED),
        (Counts(1200, 80, None, None, 4000, 1280), Usage(1200, 4080, None, None, 4000), THOUGHTS_ADDED),
        (Counts(800, 700, None, None, 300, 1800), Usage(800, 1000, None, None, 300), THOUGHTS_ADDED),
        (Counts(800, 700, None, None, 300, 1500), Usage(800, 700, None, None, 300), ""),
        (Counts(800, 700, None, None, 300), Usage(800, 700, None, None, 300), ""),
        (Counts(5, 70, 600, None, 300, 1275), Usage(605, 370, 600, None, 300), None),  # total of something else
        (Counts(5, 70, 600, None, 300, 975), Usage(605, 370, 600, None, 300), f"{CACHE_ADDED}, {THOUGHTS_ADDED}"),
        (Counts(800, 700, 300, None, 300, 1800), Usage(800, 700, 300, None, 300), TWO_READINGS),
        (Counts(800, 700, 300, None, 200, 9999), Usage(800, 700, 300, None, 200), TOTAL_DIFFERS),
        (Counts(800, 700, None, None, None, 1501), Usage(800, 700), TOTAL_DIFFERS),
        (Counts(None, 700, 300), Usage(None, 700, 300), ""),
        (Counts(840, 246, 452, 296, cache_outside=True), Usage(1588, 246, 452, 296), ""),
        (Counts(840, 246, 452, 296, None, 1086, cache_outside=True), Usage(840, 246, 452, 296), ""),
    ],
)
def test_the_numbers_tell_what_lies_beside_what(sent: Counts, usage: Usage, note: str | None) -> None:
    found, said = settled(sent)
    assert found == usage
    assert note is None or said == note


parts = st.integers(0, 5_000)


@settings(max_examples=300, deadline=None)
@given(
    fresh=parts,
    cached=parts,
    written=parts,
    answer=parts,
    thoughts=parts,
    cache_outside=st.booleans(),
    thoughts_outside=st.booleans(),
)
def test_with_a_total_the_counts_are_right_or_marked(  # noqa: PLR0913 - parts of one call
    *, fresh: int, cached: int, written: int, answer: int, thoughts: int, cache_outside: bool, thoughts_outside: bool
) -> None:
    used, output = fresh + cached + written, answer + thoughts
    sent = Counts(
        fresh if cache_outside else used,
        answer if thoughts_outside else output,
        cached,
        written,
        thoughts,
        used + output,
    )
    found, note = settled(sent)
    assert found[:2] == (used, output) or note == TWO_READINGS


@pytest.mark.parametrize(
    ("value", "usage"),
    [
        # https://docs.anthropic.com/en/api/messages
        (
            {
                "input_tokens": 10,
                "cache_read_input_tokens": 600,
                "cache_creation_input_tokens": 90,
                "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 40},
                "output_tokens": 5,
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
                "service_tier": "standard",
            },
            Usage(
                700,
                5,
                600,
                90,
                None,
                {"cache_write_5m_tokens": 50, "cache_write_1h_tokens": 40, "web_searches": 2},
            ),
        ),
        # https://ai.google.dev/api/generate-content#UsageMetadata
        (
            {
                "promptTokenCount": 100,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 5,
                "toolUsePromptTokenCount": 7,
                "cachedContentTokenCount": 60,
                "totalTokenCount": 132,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 70},
                    {"modality": "AUDIO", "tokenCount": 30},
                ],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 8}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 20}],
            },
            Usage(
                107,
                25,
                60,
                None,
                5,
                {"input_audio_tokens": 30, "cache_audio_read_tokens": 8, "output_image_tokens": 20},
            ),
        ),
        ({"prompt_token_count": 9, "thoughts_token_count": 50, "total_token_count": 59}, Usage(9, 50, None, None, 50)),
        # https://platform.openai.com/docs/api-reference/chat/object
        (
            {
                "prompt_tokens": 900,
                "completion_tokens": 300,
                "total_tokens": 1200,
                "prompt_tokens_details": {"cached_tokens": 512, "audio_tokens": 10},
                "completion_tokens_details": {
                    "reasoning_tokens": 200,
                    "audio_tokens": 30,
                    "accepted_prediction_tokens": 4,
                },
            },
            Usage(900, 300, 512, None, 200, {"input_audio_tokens": 10, "output_audio_tokens": 30}),
        ),
        # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
        (
            {
                "inputTokens": 12,
                "outputTokens": 8,
                "totalTokens": 1140,
                "cacheReadInputTokens": 1000,
                "cacheWriteInputTokens": 120,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 120}],
            },
            Usage(1132, 8, 1000, 120, None, {"cache_write_1h_tokens": 120}),
        ),
        ({"prompt_tokens": 50, "completion_tokens": 5, "prompt_cache_hit_tokens": 40}, Usage(50, 5, 40)),
        ({"billed_units": {"search_units": 1}}, Usage(units={"rerank_searches": 1})),
        ({"usage": {"inputTokens": 4, "outputTokens": 2}}, Usage(4, 2)),
        ({"openai": {"cachedPromptTokens": 7, "reasoningTokens": 3}}, Usage(None, None, 7, None, 3)),  # Vercel
        # Langfuse's own shape: every part lies beside the rest
        (
            {"input": 100, "output": 20, "input_cache_read": 600, "input_audio_tokens": 30, "output_reasoning": 5},
            Usage(730, 25, 600, None, 5, {"input_audio_tokens": 30}),
        ),
        ({"input": 0, "output": 9, "input_priority": 40, "input_priority_cache_read": 60}, Usage(100, 9)),
        # Perplexity, https://docs.perplexity.ai/api-reference
        (
            {"prompt_tokens": 9, "completion_tokens": 50, "citation_tokens": 30, "num_search_queries": 2},
            Usage(9, 80, None, None, None, {"output_citation_tokens": 30, "web_searches": 2}),
        ),
        ({"type": "duration", "seconds": 12.4}, Usage(units={"audio_seconds": 13})),
        ({"total_tokens": 7, "prompt_tokens": 7}, Usage(7)),
        (
            {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 1}},
            Usage(5, None, 3, 1),
        ),
        ({"input_tokens": True, "output_tokens": -1}, Usage()),
        ({"cost": 0.4, "cost_details": {"input": 3}}, Usage()),
    ],
)
def test_usage_objects_of_providers(value: dict[str, Any], usage: Usage) -> None:
    assert usage_of(value) == usage


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("input_tokens.cached", "cached_input_tokens"),  # Sentry
        ("cache_read_tokens", "cached_input_tokens"),
        ("cached_tokens", "cached_input_tokens"),
        ("cache_read.input_tokens", "cached_input_tokens"),
        ("details.cache_read_input_tokens", "cached_input_tokens"),
        ("details.input_cached_tokens", "cached_input_tokens"),
        ("prompt_details.cache_read", "cached_input_tokens"),
        ("inputTokenDetails.cacheReadTokens", "cached_input_tokens"),
        ("cacheWriteInputTokens", "cache_write_tokens"),
        ("thoughts_token_count", "reasoning_tokens"),
        ("details.thoughts_tokens", "reasoning_tokens"),
        ("output_tokens.reasoning", "reasoning_tokens"),
        ("input_token_details.audio", "input_audio_tokens"),
        ("completion_details.audio", "output_audio_tokens"),
        ("prompt_tokens_details.cached_tokens_details.audio_tokens", "cache_audio_read_tokens"),
        ("cost", ""),
        ("details.cost_total", ""),
        ("details.text_tokens", ""),
        ("something.input_tokens", ""),
        ("x" * 500, ""),
    ],
)
def test_names_of_counts(name: str, slot: str) -> None:
    assert slot_of(tuple(name.split("."))) == slot


def test_units_are_their_own_names() -> None:
    assert {unit for unit in UNITS if slot_of((unit,)) != unit} == set()


@pytest.mark.parametrize(
    ("sent", "tier"),
    [
        *(("default", ""), ("auto", ""), ("ON_DEMAND", ""), ("", ""), ("Flex", "flex"), ("batch", "batch")),
        *(("ON_DEMAND_PRIORITY", "priority"), ("PROVISIONED_THROUGHPUT", "provisioned_throughput")),
    ],
)
def test_tiers_have_the_words_of_the_price_list(sent: str, tier: str) -> None:
    assert tier_of(sent) == tier


CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5"}


def called(**more: object) -> Span:
    usage = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
    return span_with({**CALL, **usage, **{key.replace("__", "."): value for key, value in more.items()}})


def test_the_tier_that_answered_counts_before_the_one_that_was_asked_for() -> None:
    asked = {"gen_ai__openai__request__service_tier": "priority"}
    assert called(**asked).service_tier == "priority"
    assert called(**asked, openai__response__service_tier="default").service_tier == ""
    parameters = json.dumps({"temperature": 0, "service_tier": "flex"})
    assert called(llm__invocation_parameters=parameters).service_tier == "flex"


def test_the_tier_is_found_where_langchain_and_anthropic_put_it() -> None:
    usage: dict[str, Any] = {"input_tokens": 9, "input_token_details": {"flex": 5, "flex_cache_read": 4}}
    found = reported_by(usage)
    assert (found.tier, found.usage) == ("flex", Usage(9, None, 4))
    assert reported_by({"input_tokens": 9, "service_tier": "standard", "speed": "fast"}).tier == "fast"
    assert tier_of(reported_by({"input_tokens": 9, "inference_geo": "us"}).tier) == "us"
    assert tier_of(reported_by({"input_tokens": 9, "inference_geo": "global"}).tier) == ""
    assert called(gen_ai__request__batch=True).service_tier == "batch"


def test_the_thoughts_of_xai_lie_beside_its_answer() -> None:
    usage: dict[str, Any] = {
        "prompt_tokens": 30,
        "completion_tokens": 200,
        "completion_tokens_details": {"reasoning_tokens": 100},
    }
    assert reported_by(usage, "xai").usage.output_tokens == 300
    assert reported_by(usage, "openai").usage.output_tokens == 200


def test_details_in_an_attribute_of_their_own_are_read() -> None:
    details = json.dumps({"cache_read": 67, "audio": 5})
    span = called(gen_ai__usage__input_token_details=details)
    assert (span.cached_input_tokens, span.usage_units) == (67, {"input_audio_tokens": 5})


def test_counts_inside_a_response_are_read() -> None:
    counts = {"prompt_token_count": 1000, "candidates_token_count": 100, "thoughts_token_count": 900}
    span = called(gcp__vertex__agent__llm_response=json.dumps({"usage_metadata": counts}))
    assert (span.input_tokens, span.output_tokens, span.usage_note) == (1000, 1000, THOUGHTS_ADDED)


def test_a_correction_is_noted_in_the_row() -> None:
    span = called(gen_ai__usage__cache_read__input_tokens=6000)
    assert (span.input_tokens, span.usage_note) == (7000, CACHE_ADDED)
    assert called().usage_note == ""


def test_units_of_attributes_are_counted_and_priced() -> None:
    span = called(gen_ai__usage__details__web_searches=2, gen_ai__usage__total_tokens=1100)
    assert span.usage_units == {"web_searches": 2}
    plain = called().cost_usd
    assert plain is not None
    assert span.cost_usd is not None
    assert span.cost_usd - plain == Decimal("0.02")
