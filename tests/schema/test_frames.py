"""What an agent or workflow reports counts where nothing below it carries any, in any order of arrival."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from otlp_requests import LLM, PRICES, START, request

from schema.maintenance.reprice import reprice
from schema.normalise.traces import normalise
from schema.policy.policy import ModelPrice, Policy
from schema.pricing import reasons
from schema.pricing.prices import Prices
from schema.queries.run import Run, load_run
from schema.queries.scope import EVERYTHING
from schema.runs.refresh import refresh_runs
from schema.span import to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

AGENT: dict[str, Any] = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 2000,
    "gen_ai.usage.output_tokens": 150,
}
PAID = {**AGENT, "operation.cost": 1.87}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "read"}
CALL_COST = Decimal("0.0002568")
AGENT_COST = Decimal("0.0065")  # 2000 x 2.50 + 150 x 10 USD a million


def received(
    store: Store, trace: bytes, *spans: dict[str, Any], policy: Policy | None = None, refresh: bool = True
) -> Run | None:
    """Store each span in a request of its own, and return the run."""
    policy = policy or Policy()
    for span in spans:
        body = request({"scope": "logfire", "trace": trace, **span})
        rows = normalise(body, received_at=time.time_ns(), policy=policy, prices=PRICES)
        store.insert("spans", to_batch(rows), token=uuid4().hex)
        if refresh:
            refresh_runs(store, [trace.hex()], policy)
    refresh_runs(store, [trace.hex()], policy)
    return load_run(store, EVERYTHING, trace.hex())


def costs_of(store: Store, trace: bytes) -> dict[str, tuple[Decimal | None, int | None, str]]:
    rows = store.query(
        "SELECT span_id, cost_usd, input_tokens, unpriced_reason FROM spans WHERE trace_id = {t:String}",
        {"t": trace.hex()},
    ).to_pylist()
    return {row["span_id"][-1]: (row["cost_usd"], row["input_tokens"], row["unpriced_reason"]) for row in rows}


@pytest.mark.parametrize(
    ("attributes", "cost", "source"), [(PAID, Decimal("1.87"), "sender"), (AGENT, AGENT_COST, PRICES.public_source)]
)
def test_an_agent_without_calls_costs_what_it_reports(
    store: Store, attributes: dict[str, Any], cost: Decimal, source: str
) -> None:
    trace = uuid4().bytes
    run = received(store, trace, {"id": 1, "attributes": attributes}, {"id": 2, "parent": 1, "attributes": TOOL})
    assert run is not None
    assert (run.cost_usd, run.unpriced_calls, run.model_calls, run.input_tokens) == (cost, 0, 0, 2000)
    assert (run.reported_cost_usd, run.models, run.call_span_ids) == (None, ["gpt-4o"], [f"{1:016x}"])
    assert costs_of(store, trace)["1"] == (cost, 2000, "")
    sql = "SELECT cost_source FROM spans WHERE trace_id = {t:String} AND kind = 'agent'"
    assert store.command(sql, {"t": trace.hex()}) == source


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("refresh", [True, False])
def test_where_a_call_below_carries_its_own_the_agent_adds_nothing(
    store: Store, order: tuple[int, ...], *, refresh: bool
) -> None:
    trace = uuid4().bytes
    spans: list[dict[str, Any]] = [
        {"id": 1, "attributes": PAID},
        {"id": 2, "parent": 1, "attributes": {"gen_ai.operation.name": "chain"}},
        {"id": 3, "parent": 2, "attributes": LLM},
    ]
    run = received(store, trace, *(spans[index] for index in order), refresh=refresh)
    assert run is not None
    assert (run.cost_usd, run.model_calls, run.unpriced_calls, run.input_tokens) == (CALL_COST, 1, 0, 1840)
    assert run.reported_cost_usd == Decimal("1.87")
    assert costs_of(store, trace)["1"] == (None, None, reasons.COUNTED_BELOW)
    sql = "SELECT sum(cost_usd) FROM spans WHERE trace_id = {t:String}"
    assert Decimal(store.command(sql, {"t": trace.hex()})) == CALL_COST


def test_the_innermost_of_nested_agents_counts_and_the_outermost_is_shown(store: Store) -> None:
    run = received(
        store,
        uuid4().bytes,
        {"id": 1, "attributes": {**AGENT, "operation.cost": 5}},
        {"id": 2, "parent": 1, "attributes": {**AGENT, "operation.cost": 2}},
        {"id": 3, "parent": 1, "attributes": {**AGENT, "operation.cost": 1}},
    )
    assert run is not None
    assert (run.cost_usd, run.reported_cost_usd) == (3, 5)


def test_calls_without_counts_are_covered_by_the_agent_above_them(store: Store) -> None:
    bare = {key: value for key, value in LLM.items() if "usage" not in key}
    trace = uuid4().bytes
    run = received(store, trace, {"id": 1, "attributes": PAID}, {"id": 2, "parent": 1, "attributes": bare})
    assert run is not None
    assert (run.cost_usd, run.model_calls, run.unpriced_calls) == (Decimal("1.87"), 1, 0)
    alone = received(store, uuid4().bytes, {"id": 1, "attributes": bare})
    assert alone is not None
    assert (alone.cost_usd, alone.unpriced_calls, alone.unpriced_reasons) == (None, 1, {reasons.NO_TOKENS: 1})


def test_a_call_with_missing_ancestors_may_be_below_the_agent(store: Store) -> None:
    run = received(store, uuid4().bytes, {"id": 1, "attributes": PAID}, {"id": 3, "parent": 9, "attributes": LLM})
    assert run is not None
    assert (run.cost_usd, run.reported_cost_usd) == (CALL_COST, Decimal("1.87"))


def test_an_agent_with_a_model_without_price_is_counted_as_unpriced(store: Store) -> None:
    unknown = {**AGENT, "gen_ai.request.model": "our-own"}
    run = received(store, uuid4().bytes, {"id": 1, "attributes": unknown})
    assert run is not None
    assert (run.cost_usd, run.unpriced_calls, run.unpriced_reasons) == (None, 1, {reasons.MODEL_UNKNOWN: 1})
    own = ModelPrice(model="our-own", input_per_million=Decimal(1000), output_per_million=Decimal(0))
    priced = received(store, uuid4().bytes, {"id": 1, "attributes": unknown}, policy=Policy(prices=(own,)))
    assert priced is not None
    assert priced.cost_usd == 2


def test_an_agent_is_repriced_like_a_call(store: Store) -> None:
    trace = uuid4().bytes
    received(store, trace, {"id": 1, "attributes": AGENT})
    own = ModelPrice(model="gpt-4o", input_per_million=Decimal(1000), output_per_million=Decimal(0))
    policy = Policy(prices=(own,))
    start = datetime.fromtimestamp(START / 10**9, UTC)
    reprice(store, Prices((own,)), start - timedelta(hours=1), start + timedelta(hours=1), policy=policy)
    run = load_run(store, EVERYTHING, trace.hex())
    assert run is not None
    assert (run.cost_usd, run.unpriced_calls) == (2, 0)


def test_an_agent_that_failed_has_spent_its_money(store: Store) -> None:
    run = received(store, uuid4().bytes, {"id": 1, "attributes": PAID, "status": 2})
    assert run is not None
    assert (run.cost_usd, run.error) == (Decimal("1.87"), True)
