"""Any permutation and any duplication of a run's requests gives the same spans and the same runs."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from ground_truth import EXPORTS, SOURCES, truth_of
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schema.normalise import normalise
from schema.policy import Policy
from schema.prices import Prices
from schema.queries.run import load_tree
from schema.runs import recompute
from schema.span import to_batch

if TYPE_CHECKING:
    from schema.store import Store

PRICES = Prices()
SEVERAL = [source for source in SOURCES if len(list((EXPORTS / source).glob("*.traces.pb"))) > 1]


def shown(store: Store, source: str, order: list[bytes], *, pass_each: bool) -> tuple[list[Any], list[Any]]:
    """Store the requests in this order; return what the tables show of the source, without the times of arrival."""
    for table in ("spans", "runs"):
        store.command(f"TRUNCATE TABLE {table}")
    traces = sorted(truth_of(source)["traces"])
    for received_at, body in enumerate(order, start=time.time_ns()):
        request = ExportTraceServiceRequest.FromString(body)
        spans = normalise(request, received_at=received_at, policy=Policy(), prices=PRICES)
        store.insert("spans", to_batch(spans), token=uuid4().hex)
        if pass_each:
            recompute(store, traces)
    recompute(store, traces)
    runs = store.query("SELECT * EXCEPT (updated_at, retain_until) FROM runs FINAL ORDER BY trace_id").to_pylist()
    return runs, [load_tree(store, trace).to_pylist() for trace in traces]


def test_there_are_sources_with_several_requests() -> None:
    assert len(SEVERAL) > 10


@pytest.mark.parametrize("source", SEVERAL)
def test_order_and_repetition_do_not_matter(empty_store: Store, source: str) -> None:
    rng = random.Random(source)
    bodies = [path.read_bytes() for path in sorted((EXPORTS / source).glob("*.traces.pb"))]
    expected = shown(empty_store, source, bodies, pass_each=False)
    for _ in range(3):
        order = bodies + rng.choices(bodies, k=2)
        rng.shuffle(order)
        assert shown(empty_store, source, order, pass_each=rng.random() < 0.5) == expected
