"""Zero is not an instant, and an id of zeros is none: what is unknown is stored as unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from otlp_requests import PRICES, START, TRACE, request, spans_of

from schema.normalise.logs import log_batch
from schema.normalise.metrics import point_batch
from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.queries.filters import Filter
from schema.queries.latency import percentiles
from schema.queries.logs import loose_logs
from schema.queries.run import load_run, load_tree
from schema.queries.scope import EVERYTHING
from schema.queries.timeline import steps
from schema.runs.recompute import recompute
from schema.span import START_TIME, to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

SECOND = 10**9
NO_TIME = [
    0,
    1,
    START // 10**9,
    START // 10**6,
    START // 10**3,
    946_684_800 * SECOND - 1,
    4_102_444_800 * SECOND,
    2**64 - 1,
]


@pytest.mark.parametrize("start", NO_TIME)
def test_a_span_without_a_start_is_placed_at_its_end(start: int) -> None:
    (span,) = spans_of({"start": start, "end": START - 5})
    assert (span.start_time, span.duration_ns) == (START - 5, 0)
    assert span.attributes == {START_TIME: "unknown"}


@pytest.mark.parametrize("end", NO_TIME)
def test_a_span_without_an_end_has_no_duration(end: int) -> None:
    (span,) = spans_of({"start": START - 5, "end": end})
    assert (span.start_time, span.duration_ns, span.attributes) == (START - 5, 0, {})


def test_a_span_without_times_is_placed_at_its_receipt() -> None:
    (span,) = spans_of({"start": 0, "end": 0})
    assert (span.start_time, span.received_at, span.attributes) == (START, START, {START_TIME: "unknown"})


@pytest.mark.parametrize("parent", [b"", bytes(8), bytes(16), b"1", b"p" * 7, b"p" * 9, b"p" * 16])
def test_a_parent_of_zeros_or_of_a_wrong_length_is_none(parent: bytes) -> None:
    built = request({})
    built.resource_spans[0].scope_spans[0].spans[0].parent_span_id = parent
    (span,) = normalise(built, received_at=START, policy=Policy(), prices=PRICES)
    assert span.parent_span_id == ""


def test_a_link_to_nothing_is_dropped_and_an_event_without_a_time_is_of_an_unknown_one() -> None:
    built = request({"events": [("cache.hit", {})]})
    otlp = built.resource_spans[0].scope_spans[0].spans[0]
    otlp.events.add(name="no time")
    for trace_id, span_id in [
        (bytes(16), b"s" * 8),
        (TRACE, bytes(8)),
        (b"t" * 8, b"s" * 8),
        (TRACE, b""),
        (TRACE, b"s" * 8),
    ]:
        otlp.links.add(trace_id=trace_id, span_id=span_id)
    (span,) = normalise(built, received_at=START, policy=Policy(), prices=PRICES)
    assert [(link["trace_id"], link["span_id"]) for link in json.loads(span.links)] == [(TRACE.hex(), (b"s" * 8).hex())]
    assert [(event["name"], event["time"]) for event in json.loads(span.events)] == [
        ("no time", None),
        ("cache.hit", START),
    ]


@pytest.mark.parametrize(
    ("time", "observed", "stored"), [(0, START - 1, START - 1), (START // 10**6, 0, START), (START - 2, 0, START - 2)]
)
def test_a_log_record_without_a_time_has_that_of_its_observation_or_receipt(
    time: int, observed: int, stored: int
) -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(
        time_unix_nano=time, observed_time_unix_nano=observed, trace_id=bytes(16), span_id=b"12345"
    )
    row = log_batch(logs, [{}], received_at=START, policy=Policy())
    assert row.column("time").cast("int64").to_pylist() == [stored]
    assert (row.column("trace_id").to_pylist(), row.column("span_id").to_pylist()) == ([""], [""])


def test_a_data_point_without_a_time_has_that_of_its_receipt() -> None:
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add().gauge.data_points.add(
        as_int=1, start_time_unix_nano=START // 10**9
    )
    row = point_batch(metrics, [{}], received_at=START, policy=Policy())
    assert (row.column("time").cast("int64").to_pylist(), row.column("start_time").cast("int64").to_pylist()) == (
        [START],
        [0],
    )


def test_a_run_is_drawn_from_the_starts_that_are_known(empty_store: Store) -> None:
    trace = uuid4().bytes
    tool = {"openinference.span.kind": "TOOL"}
    built = request(
        {"trace": trace, "name": "agent", "start": START, "end": START + 5 * SECOND},
        {
            "trace": trace,
            "id": 2,
            "parent": 1,
            "name": "no start",
            "start": 0,
            "end": START + 2 * SECOND,
            "attributes": tool,
        },
        {"trace": trace, "id": 3, "parent": 1, "name": "no times", "start": 0, "end": 0, "attributes": tool},
        {"trace": trace, "id": 4, "parent": 1, "name": "first", "start": START + SECOND, "end": START + 2 * SECOND},
    )
    spans = normalise(built, received_at=START + 3_600 * SECOND, policy=Policy(), prices=PRICES)
    empty_store.insert("spans", to_batch(spans), token=uuid4().hex)
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=START + SECOND, trace_id=trace)
    records = log_batch(logs, [{}], received_at=START, policy=Policy())
    empty_store.insert("logs", records, token=uuid4().hex)
    recompute(empty_store, [trace.hex()])
    run = load_run(empty_store, EVERYTHING, trace.hex())
    assert run is not None
    assert (int(run.start_time.timestamp()), run.duration_ns, run.span_count) == (START // SECOND, 5 * SECOND, 4)
    tree = load_tree(empty_store, EVERYTHING, trace.hex(), run.team)
    rows = tree.select(["name", "start_ns", "start_known", "duration_ns"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("agent", 0, True, 5 * SECOND),
        ("first", SECOND, True, SECOND),
        ("no start", 2 * SECOND, False, 0),
        ("no times", 5 * SECOND, False, 0),
    ]
    assert max(step.at_ns for step in steps(tree, [])) == 5 * SECOND
    day = Filter(datetime.fromtimestamp(START / SECOND - 1, UTC), datetime.fromtimestamp(START / SECOND + 1, UTC))
    (group,) = percentiles(empty_store, EVERYTHING, day, by="tool").to_pylist()[:1]
    assert (group["count"], group["p50_ns"], group["p99_ns"]) == (1, None, None)
    loose = loose_logs(empty_store, EVERYTHING, trace.hex(), run.team, limit=10)
    assert loose.rows.column("at_ns").to_pylist() == [SECOND]
