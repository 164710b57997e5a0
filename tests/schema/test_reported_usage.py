"""Token counts and costs that a sender reports in several places, put together by rule."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from otlp_requests import span_with

from schema.pricing.usage import NO_USAGE, Usage, first_cost, known_cost
from schema.pricing.usage_objects import first_reported, merged_usage

if TYPE_CHECKING:
    from schema.otlp.attributes import Plain

OBJECT = Usage(1588, 246, 452, 296, None)  # what a provider reported: the input has the cached tokens in it


@pytest.mark.parametrize(
    ("attributes", "reported", "uncached", "merged"),
    [
        (NO_USAGE, NO_USAGE, None, NO_USAGE),
        (Usage(5, 7), NO_USAGE, None, Usage(5, 7)),
        (NO_USAGE, OBJECT, None, OBJECT),
        (Usage(1588, 200), OBJECT, None, OBJECT._replace(output_tokens=200)),
        (Usage(0, 0, 0, 0, 0), OBJECT, None, Usage(0, 0, 0, 0, 0)),
        (Usage(840), OBJECT, None, OBJECT),  # the input without its cache
        (Usage(841), OBJECT, None, OBJECT._replace(input_tokens=841)),  # neither: the attribute's word counts
        (Usage(None, 7, 30, 4), NO_USAGE, 10, Usage(44, 7, 30, 4)),
        (Usage(99, 7, 30), NO_USAGE, 10, Usage(40, 7, 30)),
        (NO_USAGE, OBJECT, 840, OBJECT),
        (NO_USAGE, NO_USAGE, 0, Usage(0)),
    ],
)
def test_attributes_count_before_the_object_and_the_cache_once(
    attributes: Usage, reported: Usage, uncached: int | None, merged: Usage
) -> None:
    assert merged_usage(attributes, reported, uncached) == merged


def test_the_first_object_with_counts_is_the_usage() -> None:
    values: list[Plain] = ["no object", {}, {"responseId": "r"}, {"input_tokens": 1}, {"input_tokens": 2}]
    assert first_reported(values).usage == Usage(1)
    assert first_reported([]).usage == NO_USAGE


def test_the_attribute_is_the_cost_before_the_total_of_an_object() -> None:
    objects: list[Plain] = ["none", {"input": 0.1}, {"total": 0.3}, {"total": 0.4}]
    assert first_cost(0.2, objects) == 0.2
    assert first_cost(None, objects) == 0.3
    assert first_cost(None, []) is None
    assert first_cost(None, [{"input": 0.1, "output": 0.2, "cache_read_input_tokens": 0.05, "note": "x"}]) == (
        "0.350000000"
    )


@pytest.mark.parametrize(
    ("cost", "usage", "known"),
    [
        (0, NO_USAGE, None),
        (0, Usage(cached_input_tokens=1), None),
        (0, Usage(0), Decimal(0)),
        (0.0, Usage(None, 3), Decimal(0)),
        ("0.25", NO_USAGE, Decimal("0.25")),
        (None, Usage(1, 1), None),
        (-1, Usage(1, 1), None),
    ],
)
def test_a_cost_of_zero_without_tokens_is_unknown(cost: Plain, usage: Usage, known: Decimal | None) -> None:
    assert known_cost(cost, usage) == known


def test_costs_in_whole_dollars_are_costs_and_no_tokens() -> None:
    attributes = {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "m"}
    details = {"langfuse.observation.cost_details": json.dumps({"input": 1, "output": 2, "total": 3})}
    span = span_with(attributes | details, scope="langfuse-sdk")
    assert (span.reported_cost_usd, span.input_tokens, span.output_tokens) == (Decimal(3), None, None)


def test_tokens_count_where_a_usage_object_names_costs_too() -> None:
    usage = {"input_tokens": 10, "output_tokens": 3, "total_tokens": 13, "total_cost": 0.0004}
    attributes = {"langsmith.span.kind": "llm", "langsmith.metadata.usage_metadata": json.dumps(usage)}
    span = span_with(attributes, scope="langsmith")
    assert (span.kind, span.input_tokens, span.output_tokens, span.reported_cost_usd) == ("llm", 10, 3, None)
