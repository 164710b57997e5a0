"""Any request becomes rows that the store accepts: redaction and normalising never raise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, get_args
from uuid import uuid4

import pytest
from any_content import KEYS, KINDS, SCOPES, attribute_values
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from otlp_requests import key_values, request

from collector.pipeline.pipeline import Pipeline
from collector.pipeline.rules_from_policy import build_team_redactor
from collector.spool.spool import Signal
from schema.ledger_copy import TABLES
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.runs.log_content import join_logs
from schema.runs.recompute import recompute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schema.store.store import Store

ANY_NUMBER = st.integers(0, 2**64 - 1)
ANY_SHAPE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    redactor = build_team_redactor(Policy(), b"")
    yield Pipeline(redactor, Policy(), Prices())
    redactor.close()


def keep(store: Store, pipeline: Pipeline, signal: Signal, body: bytes) -> int:
    """Process a request and store its rows, as the writer does; return the number of rows."""
    rows = pipeline.process(signal, body, received_at=time.time_ns()).rows
    store.insert(TABLES[signal], rows, token=uuid4().hex)
    if signal != "metrics":
        traces = sorted(set(rows.column("trace_id").to_pylist()) - {""})
        join_logs(store, traces)
        recompute(store, traces)
    return rows.num_rows


@ANY_SHAPE
@given(
    attributes=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=10), attribute_values(), max_size=6),
    kind=st.sampled_from(KINDS),
    scope=st.sampled_from(SCOPES),
    texts=st.tuples(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20)),
    frame=st.tuples(ANY_NUMBER, ANY_NUMBER, ANY_NUMBER, st.integers(0, 2)),
    trace=st.binary(min_size=16, max_size=16),
)
def test_any_value_in_any_place_of_a_span_is_stored(  # noqa: PLR0913, PLR0917 - one strategy a place
    empty_store: Store,
    pipeline: Pipeline,
    attributes: dict[str, Any],
    kind: tuple[str, str],
    scope: str,
    texts: tuple[str, str, str],
    frame: tuple[int, int, int, int],
    trace: bytes,
) -> None:
    name, event, message = texts
    start, end, event_time, status = frame
    built = request(
        {"trace": trace, "name": name, "message": message, "scope": scope, "status": status, "start": start, "end": end}
        | {"attributes": attributes | {kind[0]: kind[1]}, "events": [(event, attributes)]},
        resource=attributes,
    )
    scope_spans = built.resource_spans[0].scope_spans[0]
    scope_spans.scope.version = message
    scope_spans.scope.attributes.extend(key_values(attributes))
    scope_spans.spans[0].trace_state = message
    scope_spans.spans[0].events[0].time_unix_nano = event_time
    scope_spans.spans[0].links.add(trace_id=trace, span_id=b"1", attributes=key_values(attributes), trace_state=name)
    assert keep(empty_store, pipeline, "traces", built.SerializeToString()) == 1


@pytest.fixture(scope="module")
def bodies(exports: Path) -> dict[str, list[bytes]]:
    """Real requests by signal, of sources with little content."""
    sources = ("manual-convention", "otel-openai-v2-default", "strands-agents", "claude-agent-sdk")
    files = [file for source in sources for file in sorted((exports / source).glob("*.pb"))]
    found: dict[str, list[bytes]] = {signal: [] for signal in get_args(Signal)}
    for file in files:
        found[file.name.split(".")[1]].append(file.read_bytes())
    return found


@ANY_SHAPE
@given(data=st.data())
def test_a_real_request_with_bytes_changed_is_no_request_or_is_stored(
    empty_store: Store, pipeline: Pipeline, bodies: dict[str, list[bytes]], data: st.DataObject
) -> None:
    signal = data.draw(st.sampled_from(get_args(Signal)))
    body = bytearray(data.draw(st.sampled_from(bodies[signal])))
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=5)):
        body[place] = value
    try:
        keep(empty_store, pipeline, signal, bytes(body))
    except DecodeError:  # refused at the receiver: it is no request
        return
