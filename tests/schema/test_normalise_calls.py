"""Which spans are model calls, what they used and what they cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from otlp_requests import LLM, OI_LLM, START, span_with, spans_of

COST = Decimal("0.0002568")


def test_a_model_call_has_tokens_and_a_cost() -> None:
    span = span_with(LLM)
    assert (span.kind, span.provider, span.model) == ("llm", "openai", "gpt-4o-mini")
    assert (span.input_tokens, span.output_tokens, span.cached_input_tokens) == (1840, 96, 1024)
    assert (span.cache_write_tokens, span.reasoning_tokens) == (None, None)
    assert span.cost_usd == COST
    assert span.cost_source.startswith("genai-prices ")


def test_claude_code_counts_the_cache_apart() -> None:
    span = span_with(
        {
            "span.type": "llm_request",
            "model": "claude-sonnet-4-5",
            "gen_ai.system": "anthropic",
            "input_tokens": 792,
            "output_tokens": 96,
            "cache_read_tokens": 1024,
            "cache_creation_tokens": 128,
        },
        scope="com.anthropic.claude_code.tracing",
    )
    assert (span.input_tokens, span.cost_usd) == (1944, Decimal("0.0046032"))


def test_keys_of_a_scoped_dialect_mean_nothing_elsewhere() -> None:
    span = span_with({"model": "a car", "input_tokens": 3, "decision": "accept"})
    assert (span.model, span.input_tokens, span.approval_status) == ("", None, "")
    assert span.attributes == {"model": "a car", "input_tokens": "3", "decision": "accept"}


def test_only_the_innermost_of_nested_calls_is_charged() -> None:
    spans = spans_of(
        {
            "id": 1,
            "attributes": {"gen_ai.operation.name": "invoke_agent", **{k: v for k, v in LLM.items() if "usage" in k}},
        },
        {"id": 2, "parent": 1, "attributes": OI_LLM},
        {"id": 3, "parent": 2, "attributes": LLM},
    )
    assert [span.cost_usd for span in spans] == [None, None, COST]
    assert sum(span.input_tokens or 0 for span in spans) == 1840
    assert spans[1].attributes["llm.token_count.prompt"] == "1840"


def test_a_span_that_repeats_usage_under_a_kind_of_its_own_is_no_call() -> None:
    assert span_with({**LLM, "gen_ai.operation.name": "record_usage"}).kind == "other"
    assert span_with({key: value for key, value in LLM.items() if key != "gen_ai.operation.name"}).kind == "llm"


def test_a_wrapper_with_usage_is_charged_where_the_inner_span_has_none() -> None:
    spans = spans_of(
        {"id": 1, "attributes": LLM},
        {"id": 2, "parent": 1, "attributes": {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini"}},
    )
    assert [span.cost_usd for span in spans] == [COST, None]


def test_one_call_told_by_two_instrumentations_side_by_side_is_charged_once() -> None:
    same = {**LLM, "gen_ai.response.id": "r1"}
    spans = spans_of(
        {"id": 1},
        {"id": 2, "parent": 1, "attributes": same, "scope": "one"},
        {"id": 3, "parent": 1, "attributes": same, "scope": "two", "start": START + 1, "end": START + 900},
    )
    assert [span.cost_usd for span in spans] == [None, None, COST]


def test_the_same_response_id_alone_does_not_make_one_call() -> None:
    same = {**LLM, "gen_ai.response.id": "r1"}
    later = {"start": START + 2_000, "end": START + 3_000}
    spans = spans_of(
        {"id": 1},
        {"id": 2, "parent": 1, "attributes": same, "scope": "one"},
        {"id": 3, "parent": 1, "attributes": same, "scope": "one", "end": START + 1_001},
        {"id": 4, "parent": 1, "attributes": same, "scope": "two", **later},
    )
    assert [span.cost_usd for span in spans[1:]] == [COST] * 3


def test_a_call_that_one_scope_recorded_twice_is_one() -> None:
    same = {"parent": 1, "attributes": {**LLM, "gen_ai.response.id": "r1"}, "scope": "a gateway"}
    spans = spans_of({"id": 1}, {"id": 2, **same}, {"id": 3, **same})
    assert [span.cost_usd for span in spans[1:]] == [COST, None]


def test_a_model_without_a_price_costs_nothing_known_but_the_senders_word() -> None:
    unknown = {**LLM, "gen_ai.request.model": "house-model"}
    span = span_with(unknown)
    assert (span.cost_usd, span.cost_source) == (None, "")
    reported = span_with({**unknown, "gen_ai.cost.total_cost": 0.5})
    assert (reported.cost_usd, reported.cost_source) == (Decimal("0.5"), "sender")
    ours = span_with({**LLM, "gen_ai.cost.total_cost": 0.5})
    assert (ours.cost_usd, ours.reported_cost_usd) == (COST, Decimal("0.5"))


@pytest.mark.parametrize("count", [-1, 2**63, 1.5, "many", True, [1], float("nan"), 1e30])
def test_what_is_no_count_is_unknown(count: object) -> None:
    sent = str(count) if isinstance(count, int) and count >= 2**63 else count  # OTLP integers have 64 bits
    span = span_with({**LLM, "gen_ai.usage.input_tokens": sent})
    assert span.input_tokens is None
    assert span.cost_usd is None


@pytest.mark.parametrize(
    ("attributes", "provider"),
    [
        ({"gen_ai.system": "openai.chat"}, "openai"),
        ({"gen_ai.provider.name": "gcp.gemini"}, "google"),
        ({"gen_ai.system": "strands-agents", "gen_ai.request.model": "gpt-4o"}, "openai"),
        ({"gen_ai.system": "langchain"}, ""),
        ({"gen_ai.request.model": "claude-sonnet-4-5"}, "anthropic"),
        ({"gen_ai.system": "OpenAI"}, "openai"),
    ],
)
def test_a_provider_has_one_name(attributes: dict[str, str], provider: str) -> None:
    assert span_with({"gen_ai.operation.name": "chat", **attributes}).provider == provider
