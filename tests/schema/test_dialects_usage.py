"""Tokens, calls, failures and providers as other frameworks than those of the real exports in tests/data tell them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from otlp_requests import START, span_with, spans_of

from schema.pricing.charge import call_of
from schema.pricing.providers import provider_name, provider_of_model
from schema.pricing.real_calls import model_calls
from schema.pricing.usage import Usage
from schema.pricing.usage_objects import usage_of

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain
    from schema.span import Span


def tokens(span: Span) -> Usage:
    return Usage(
        span.input_tokens, span.output_tokens, span.cached_input_tokens, span.cache_write_tokens, span.reasoning_tokens
    )


# --- usage -----------------------------------------------------------------------------------------------------------


def test_logfire_says_more_of_usage_in_the_providers_own_words() -> None:
    raw = {"prompt_tokens_details": {"cached_tokens": 402}, "completion_tokens_details": {"reasoning_tokens": 162}}
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1438,
        "gen_ai.usage.output_tokens": 196,
        "gen_ai.usage.raw": json.dumps({"prompt_tokens": 1438, "completion_tokens": 196, "total_tokens": 1634, **raw}),
    }
    assert tokens(span_with(attributes, scope="logfire.openai")) == Usage(1438, 196, 402, None, 162)


@pytest.mark.parametrize(
    "scope", ["opentelemetry.instrumentation.bedrock", "opentelemetry.instrumentation.botocore.bedrock-runtime"]
)
def test_bedrocks_own_input_tokens_lack_the_cached_ones(scope: str) -> None:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "aws.bedrock",
        "gen_ai.request.model": "anthropic.claude-3-5-sonnet-20240620-v1:0",
        "gen_ai.usage.input_tokens": 946,
        "gen_ai.usage.output_tokens": 151,
        "gen_ai.usage.cache_read.input_tokens": 357,
    }
    assert tokens(span_with(attributes, scope=scope)) == Usage(1303, 151, 357, None, None)
    assert tokens(span_with(attributes, scope="strands.telemetry.tracer")).input_tokens == 946


VERCEL_CALL = {
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.id": "claude-sonnet-4-5",
    "ai.model.provider": "anthropic.messages",
    "ai.usage.completionTokens": 246,
    "ai.response.providerMetadata": json.dumps(
        {
            "anthropic": {
                "usage": {
                    "input_tokens": 840,
                    "output_tokens": 246,
                    "cache_creation_input_tokens": 296,
                    "cache_read_input_tokens": 452,
                },
                "stopSequence": None,
            }
        }
    ),
}


@pytest.mark.parametrize("reported", [840, 1588])  # version 5 passes on what Anthropic counts, 6 adds the cache
def test_vercel_counts_the_cache_once_whether_the_input_includes_it_or_not(reported: int) -> None:
    span = span_with({**VERCEL_CALL, "ai.usage.promptTokens": reported}, scope="ai")
    assert tokens(span) == Usage(1588, 246, 452, 296, None)


def test_metadata_without_usage_says_nothing() -> None:
    assert usage_of({"openai": {"responseId": "resp_1"}}) == Usage()


def test_langfuse_keeps_reasoning_apart_from_the_output() -> None:
    details: dict[str, Plain] = {
        "input": 1066,
        "output": 34,
        "total": 1694,
        "input_cache_read": 417,
        "output_reasoning": 177,
    }
    assert usage_of(details) == Usage(1483, 211, 417, None, 177)
    assert usage_of({"input": 10, "output": 40, "total": 50, "output_reasoning": 30}).output_tokens == 40


def test_a_cost_of_zero_for_a_call_without_tokens_is_not_known() -> None:
    attributes = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.level": "ERROR",
        "langfuse.observation.model.name": "gpt-4o-mini",
        "langfuse.observation.cost_details": '{"input": 0, "output": 0, "total": 0}',
    }
    span = span_with(attributes, scope="langfuse-sdk")
    assert (span.status, span.reported_cost_usd, span.cost_usd) == ("error", None, None)


# --- calls -----------------------------------------------------------------------------------------------------------


def failed_call(scope: str, start: int, end: int) -> dict[str, Any]:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
    }
    return {
        "scope": scope,
        "parent": 9,
        "start": START + start,
        "end": START + end,
        "status": 2,
        "attributes": attributes,
    }


SEEN = "opentelemetry.instrumentation.anthropic"
OWN = "com.anthropic.sdk.python"


@pytest.mark.parametrize(
    ("spans", "calls"),
    [
        ([failed_call(SEEN, 0, 90), failed_call(OWN, 10, 80)], 1),
        ([failed_call(SEEN, 0, 90), failed_call(OWN, 80, 160)], 2),
        ([failed_call(SEEN, 0, 90), failed_call(SEEN, 10, 80)], 2),
    ],
    ids=["one inside the other", "one after the other", "one instrumentation"],
)
def test_a_failed_call_reported_twice_by_siblings_is_one(spans: list[dict[str, Any]], calls: int) -> None:
    found = spans_of(*({**span, "id": number} for number, span in enumerate(spans, 1)))
    parents = {span.span_id: span.parent_span_id for span in found}
    assert (
        len(model_calls((call_of(span, *key) for span, key in zip(found, parents.items(), strict=True)), parents))
        == calls
    )


def test_a_model_that_is_called_like_a_function_is_a_call() -> None:
    dspy = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini", "llm.provider": "openai"}
    scope = "openinference.instrumentation.dspy"
    assert span_with(dspy, scope=scope, name="LM.__call__").kind == "llm"
    assert span_with(dspy, scope=scope, name="OpenAI._prepare_chat_with_tools").kind == "other"
    tool = span_with({"openinference.span.kind": "TOOL"}, scope=scope, name="order_status.__call__")
    assert (tool.kind, tool.tool_name) == ("tool", "order_status")


def test_an_error_type_alone_says_that_a_span_failed() -> None:
    attributes = {"gen_ai.operation.name": "execute_tool", "error.type": "ExecutionError"}
    assert span_with(attributes, scope="opentelemetry.instrumentation.ag2").status == "error"
    assert span_with(attributes, status=1).status == "ok"


def test_an_error_type_in_pythons_words_is_the_class() -> None:
    attributes = {"gen_ai.operation.name": "chat", "error.type": "<class 'semantic_kernel.exceptions.ServiceError'>"}
    assert span_with(attributes, status=2).error_type == "semantic_kernel.exceptions.ServiceError"


# --- providers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    ["anthropic.claude-3-5-sonnet-20240620-v1:0", "us.anthropic.claude-sonnet-4-5", "eu.amazon.nova-lite-v1:0"],
)
def test_bedrocks_model_ids_name_their_provider(model: str) -> None:
    assert provider_of_model(model) == "aws.bedrock"


def test_openinference_calls_bedrock_aws() -> None:
    assert provider_name("aws") == "aws.bedrock"
    assert provider_of_model("my.model") == ""
