"""Any order, any repetition and any partition of a run's requests gives the same spans and the same runs."""

from __future__ import annotations

import random
import time
from itertools import chain, count, zip_longest
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa
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
    from collections.abc import Mapping, Sequence

    from schema.store.store import Store

PRICES = Prices()
SEVERAL = [source for source in SOURCES if len(list((EXPORTS / source).glob("*.traces.pb"))) > 1]


Requests = list[ExportTraceServiceRequest]
Shown = dict[str, tuple[list[Any], list[Any]]]
"""By source: its runs and the trees of its traces, without the times of arrival."""


def shown(store: Store, orders: Mapping[str, Sequence[ExportTraceServiceRequest]], *, pass_each: bool = False) -> Shown:
    """Store the requests of all sources, those of each in this order; return what the tables show of each.

    Sources share no trace. So the first requests of all of them go into one insert, then the second ones, and so on.
    """
    for table in ("spans", "runs", "logs"):
        store.command(f"TRUNCATE TABLE {table}")
    traces = {source: sorted(truth_of(source)["traces"]) for source in orders}
    every_trace = list(chain.from_iterable(traces.values()))
    received_at = count(time.time_ns())
    for step in zip_longest(*orders.values()):
        requests = [request for request in step if request is not None]
        batches = [
            to_batch(normalise(request, received_at=next(received_at), policy=Policy(), prices=PRICES))
            for request in requests
        ]
        (rows,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
        store.insert("spans", rows, token=uuid4().hex)
        if pass_each:
            refresh_runs(store, every_trace, Policy())
    refresh_runs(store, every_trace, Policy())
    runs = store.query("SELECT * EXCEPT (updated_at, retain_until) FROM runs FINAL ORDER BY trace_id").to_pylist()
    return {
        source: (
            [run for run in runs if run["trace_id"] in own],
            [load_tree(store, EVERYTHING, trace).to_pylist() for trace in own],
        )
        for source, own in traces.items()
    }


def requests_of(source: str) -> Requests:
    paths = sorted((EXPORTS / source).glob("*.traces.pb"))
    return [ExportTraceServiceRequest.FromString(path.read_bytes()) for path in paths]


def shuffled(source: str, attempt: int) -> Requests:
    rng = random.Random(f"{source} {attempt}")
    bodies = requests_of(source)
    order = bodies + rng.choices(bodies, k=2)
    rng.shuffle(order)
    return order


def cut(source: str) -> Requests:
    singles = alone(together(requests_of(source)))
    random.Random(source).shuffle(singles)
    return [together(singles[first::8]) for first in range(min(8, len(singles)))]


@pytest.fixture(scope="module")
def in_order(store: Store) -> Shown:
    return shown(store, {source: requests_of(source) for source in SEVERAL})


@pytest.fixture(scope="module")
def in_any_order(store: Store) -> list[Shown]:
    orders = ({source: shuffled(source, attempt) for source in SEVERAL} for attempt in range(3))
    return [shown(store, order, pass_each=attempt == 0) for attempt, order in enumerate(orders)]


@pytest.fixture(scope="module")
def whole(store: Store) -> Shown:
    return shown(store, {source: [together(requests_of(source))] for source in SOURCES})


@pytest.fixture(scope="module")
def in_pieces(store: Store) -> Shown:
    return shown(store, {source: cut(source) for source in SOURCES})


def test_there_are_sources_with_several_requests_and_none_shares_a_trace() -> None:
    assert len(SEVERAL) > 10
    traces = [trace for source in SOURCES for trace in truth_of(source)["traces"]]
    assert len(traces) == len(set(traces))


@pytest.mark.parametrize("source", SEVERAL)
def test_order_and_repetition_do_not_matter(in_order: Shown, in_any_order: list[Shown], source: str) -> None:
    assert in_order[source][0]
    assert [found[source] for found in in_any_order] == [in_order[source]] * 3


@pytest.mark.parametrize("source", SOURCES)
def test_where_requests_are_cut_does_not_matter(whole: Shown, in_pieces: Shown, source: str) -> None:
    assert whole[source][0]
    assert in_pieces[source] == whole[source]
