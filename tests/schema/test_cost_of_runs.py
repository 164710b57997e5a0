"""What one run of each provider costs, to the cent and beyond, against sums worked out by hand from list prices.

Every run has two model calls under an agent that repeats their sum, and the calls say their tokens as the provider's
usual instrumentation does. List prices are USD a million tokens, as of March 2026.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from otlp_requests import PRICES, request

from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.runs.recompute import recompute
from schema.span import to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

MARCH = 1_772_366_400_000_000_000  # 2026-03-01 12:00 UTC


def genai(provider: str, model: str, given: int, made: int, **more: int) -> dict[str, Any]:
    """Return a call as OpenTelemetry GenAI writes it: input and output include the cached and reasoning tokens."""
    usage = {"input_tokens": given, "output_tokens": made} | {name.replace("__", "."): n for name, n in more.items()}
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.response.model": model,
        **{f"gen_ai.usage.{name}": count for name, count in usage.items()},
    }


def openinference(provider: str, model: str, given: int, made: int, **details: int) -> dict[str, Any]:
    return {
        "openinference.span.kind": "LLM",
        "llm.provider": provider,
        "llm.model_name": model,
        "llm.token_count.prompt": given,
        "llm.token_count.completion": made,
        **{f"llm.token_count.{name.replace('__', '.')}": count for name, count in details.items()},
    }


def claude_code(model: str, fresh: int, made: int, read: int, written: int) -> dict[str, Any]:
    """Return a call as Claude Code writes it: its input excludes what was cached and written to the cache."""
    counts = {"input_tokens": fresh, "output_tokens": made, "cache_read_tokens": read, "cache_creation_tokens": written}
    return {"span.type": "llm_request", "gen_ai.system": "anthropic", "model": model, **counts}


READ, WRITTEN, THOUGHT = "cache_read__input_tokens", "cache_creation__input_tokens", "reasoning__output_tokens"
OI_READ, OI_WRITTEN = "prompt_details__cache_read", "prompt_details__cache_write"
OI_THOUGHT = "completion_details__reasoning"
RUNS: dict[str, tuple[list[dict[str, Any]], str]] = {
    # gpt-5: 1.25 in, 0.125 cached, 10 out. (2000 x 1.25 + 3000 x 0.125 + 700 x 10) + (400 x 1.25 + 50 x 10)
    # = 9,875 + 1,000 millionths. Reasoning tokens are output tokens: they are not charged twice.
    "openai": (
        [
            genai("openai", "gpt-5", 5000, 700, **{READ: 3000, THOUGHT: 512}),
            genai("openai", "gpt-5-2025-08-07", 400, 50),
        ],
        "0.010875",
    ),
    # claude-haiku-4-5: 1 in, 0.10 cached, 1.25 written, 5 out.
    # (792 + 1024 x 0.10 + 128 x 1.25 + 96 x 5) + (1000 x 1 + 200 x 5) = 1,534.4 + 2,000 millionths
    "anthropic": (
        [
            genai("anthropic", "claude-haiku-4-5", 1944, 96, **{READ: 1024, WRITTEN: 128}),
            openinference("anthropic", "claude-haiku-4-5", 1000, 200),
        ],
        "0.0035344",
    ),
    # The same two calls as Claude Code counts them: without what was cached.
    "anthropic, exclusive counts": (
        [claude_code("claude-haiku-4-5", 792, 96, 1024, 128), claude_code("claude-haiku-4-5", 1000, 200, 0, 0)],
        "0.0035344",
    ),
    # gemini-2.5-flash: 0.30 in, 0.03 cached, 2.50 out.
    # (816 x 0.30 + 1024 x 0.03 + 96 x 2.50) + (100 x 0.30 + 10 x 2.50) = 515.52 + 55 millionths
    "google": (
        [
            genai("gcp.gemini", "gemini-2.5-flash", 1840, 96, **{READ: 1024, THOUGHT: 32}),
            genai("gemini", "gemini-2.5-flash", 100, 10),
        ],
        "0.00057052",
    ),
    # grok-4: 3 in, 0.75 cached, 15 out. (600 x 3 + 400 x 0.75 + 100 x 15) + (10 x 3 + 1 x 15) = 3,600 + 45
    "xai": (
        [
            openinference("xai", "grok-4", 1000, 100, **{OI_READ: 400, OI_THOUGHT: 64}),
            openinference("xai", "grok-4", 10, 1),
        ],
        "0.003645",
    ),
    # Claude Haiku 3.5 on Bedrock: 0.80 in, 0.08 cached, 1 written, 4 out.
    # (500 x 0.80 + 300 x 0.08 + 200 x 1 + 50 x 4) + (1000 x 0.80 + 100 x 4) = 824 + 1,200 millionths
    "aws bedrock": (
        [
            openinference(
                "aws",
                "anthropic.claude-3-5-haiku-20241022-v1:0",
                1000,
                50,
                **{OI_READ: 300, OI_WRITTEN: 200},
            ),
            genai("aws.bedrock", "anthropic.claude-3-5-haiku-20241022-v1:0", 1000, 100),
        ],
        "0.002024",
    ),
    # gpt-4o on Azure: 2.50 in, 1.25 cached, 10 out.
    # (600 x 2.50 + 400 x 1.25 + 100 x 10) + (4 x 2.50 + 1 x 10) = 3,000 + 20 millionths
    "azure": (
        [
            genai("azure.ai.openai", "gpt-4o", 1000, 100, **{READ: 400}),
            openinference("azure", "gpt-4o", 4, 1),
        ],
        "0.00302",
    ),
    # mistral-large: 2 in, 6 out. (1500 x 2 + 500 x 6) + (10 x 2 + 10 x 6) = 6,000 + 80 millionths
    "mistral": (
        [
            genai("mistral_ai", "mistral-large-latest", 1500, 500),
            openinference("mistralai", "mistral-large-latest", 10, 10),
        ],
        "0.00608",
    ),
    # command-r-plus: 2.50 in, 10 out. (1000 x 2.50 + 100 x 10) + (2 x 2.50 + 2 x 10) = 3,500 + 25 millionths
    "cohere": (
        [genai("cohere", "command-r-plus", 1000, 100), openinference("cohere", "command-r-plus", 2, 2)],
        "0.003525",
    ),
    # llama-3.3-70b-versatile: 0.59 in, 0.79 out. (1000 x 0.59 + 100 x 0.79) + (10 x 0.59 + 10 x 0.79) = 669 + 13.8
    "groq": (
        [
            genai("groq", "llama-3.3-70b-versatile", 1000, 100),
            openinference("groq", "llama-3.3-70b-versatile", 10, 10),
        ],
        "0.0006828",
    ),
}


def stored(store: Store, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Store a run of these calls, and return what SQL says of it and of its calls."""
    trace = uuid4().bytes
    total = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 10**6}
    given = [
        {"scope": "com.anthropic.claude_code.tracing" if "span.type" in attributes else "my-app"}
        | {"trace": trace, "id": number, "parent": 1, "attributes": attributes, "start": MARCH, "end": MARCH + number}
        for number, attributes in enumerate(calls, 2)
    ]
    root = {"trace": trace, "id": 1, "attributes": total, "start": MARCH, "end": MARCH + 9}
    spans = normalise(request(root, *given), received_at=time.time_ns(), policy=Policy(), prices=PRICES)
    store.insert("spans", to_batch(spans), token=uuid4().hex)
    recompute(store, [trace.hex()])
    (row,) = store.query(
        "SELECT cost_usd, unpriced_calls, model_calls,"
        " (SELECT sumOrNull(cost_usd) FROM spans WHERE trace_id = {trace:String}) AS of_spans,"
        " (SELECT countIf(cost_usd IS NULL) FROM spans WHERE trace_id = {trace:String} AND kind = 'llm') AS unknown"
        " FROM runs FINAL WHERE trace_id = {trace:String}",
        {"trace": trace.hex()},
    ).to_pylist()
    found: dict[str, Any] = row
    return found


@pytest.mark.parametrize("provider", RUNS)
def test_a_run_costs_what_was_worked_out_by_hand(store: Store, provider: str) -> None:
    calls, cost = RUNS[provider]
    found = stored(store, calls)
    assert (found["cost_usd"], found["of_spans"]) == (Decimal(cost), Decimal(cost))
    assert (found["unpriced_calls"], found["unknown"], found["model_calls"]) == (0, 0, 2)


def test_an_unknown_model_is_null_and_counted_not_free(store: Store) -> None:
    calls, cost = RUNS["groq"]
    found = stored(store, [*calls, genai("groq", "a-model-of-our-own", 1000, 10)])
    assert (found["cost_usd"], found["unpriced_calls"], found["unknown"]) == (Decimal(cost), 1, 1)
    found = stored(store, [genai("somewhere", "a-model-of-our-own", 1000, 10)])
    assert (found["cost_usd"], found["of_spans"], found["unpriced_calls"]) == (None, None, 1)
