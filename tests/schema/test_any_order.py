"""Any order, any repetition and any partition of a run's requests gives the same spans and the same runs."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from ground_truth import EXPORTS, SOURCES, truth_of
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_requests import alone, together

from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.queries.run import load_tree
from schema.queries.scope import EVERYTHING
from schema.runs.refresh import refresh_runs
from schema.span import to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

PRICES = Prices()
SEVERAL = [source for source in SOURCES if len(list((EXPORTS / source).glob("*.traces.pb"))) > 1]


def shown(
    store: Store, source: str, order: list[ExportTraceServiceRequest], *, pass_each: bool = False
) -> tuple[list[Any], list[Any]]:
    """Store the requests in this order; return what the tables show of the source, without the times of arrival."""
    for table in ("spans", "runs"):
        store.command(f"TRUNCATE TABLE {table}")
    traces = sorted(truth_of(source)["traces"])
    for received_at, request in enumerate(order, start=time.time_ns()):
        spans = normalise(request, received_at=received_at, policy=Policy(), prices=PRICES)
        store.insert("spans", to_batch(spans), token=uuid4().hex)
        if pass_each:
            refresh_runs(store, traces, Policy())
    refresh_runs(store, traces, Policy())
    runs = store.query("SELECT * EXCEPT (updated_at, retain_until) FROM runs FINAL ORDER BY trace_id").to_pylist()
    return runs, [load_tree(store, EVERYTHING, trace).to_pylist() for trace in traces]


def requests_of(source: str) -> list[ExportTraceServiceRequest]:
    paths = sorted((EXPORTS / source).glob("*.traces.pb"))
    return [ExportTraceServiceRequest.FromString(path.read_bytes()) for path in paths]


def test_there_are_sources_with_several_requests() -> None:
    assert len(SEVERAL) > 10


@pytest.mark.parametrize("source", SEVERAL)
def test_order_and_repetition_do_not_matter(empty_store: Store, source: str) -> None:
    rng = random.Random(source)
    bodies = requests_of(source)
    expected = shown(empty_store, source, bodies)
    for _ in range(3):
        order = bodies + rng.choices(bodies, k=2)
        rng.shuffle(order)
        assert shown(empty_store, source, order, pass_each=rng.random() < 0.5) == expected


@pytest.mark.parametrize("source", SOURCES)
def test_where_requests_are_cut_does_not_matter(empty_store: Store, source: str) -> None:
    whole = together(requests_of(source))
    singles = alone(whole)
    random.Random(source).shuffle(singles)
    cut = [together(singles[first::8]) for first in range(min(8, len(singles)))]
    assert shown(empty_store, source, cut) == shown(empty_store, source, [whole])
