from __future__ import annotations

import hashlib
import json
import random
import socket
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.demo import DemoError, demo_requests, send_demo
from collector.demo.people import PEOPLE
from collector.otlp.defects import Defects
from collector.otlp.messages import drop_invalid_spans
from schema.normalise.traces import normalise
from schema.policy.policy import IngestKey, Policy
from schema.pricing.prices import Prices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
    from running_receiver import RunningReceiver

    from schema.span import Span

NOW = time.time_ns()
DAY = 24 * 3600 * 10**9


def sample_requests(seed: int = 1) -> list[ExportTraceServiceRequest]:
    return list(demo_requests(NOW, random.Random(seed)))


def otlp_runs(requests: list[ExportTraceServiceRequest]) -> list[list[OtlpSpan]]:
    runs = defaultdict(list)
    for request in requests:
        for span in request.resource_spans[0].scope_spans[0].spans:
            runs[span.trace_id].append(span)
    return list(runs.values())


@pytest.fixture(scope="module")
def spans() -> list[Span]:
    policy = Policy()
    prices = Prices(())
    return [
        span
        for request in sample_requests()
        for span in normalise(request, received_at=NOW, policy=policy, prices=prices)
    ]


def test_runs_are_complete_and_within_the_last_day() -> None:
    requests = sample_requests()
    defects = Defects()
    for request in requests:
        drop_invalid_spans(request, defects)
    assert not defects
    runs = otlp_runs(requests)
    assert 150 <= len(runs) <= 250
    for run in runs:
        assert 4 <= len(run) <= 25
        by_id = {span.span_id: span for span in run}
        assert sum(not span.parent_span_id for span in run) == 1
        for span in run:
            parent = by_id[span.parent_span_id] if span.parent_span_id else span
            assert parent.start_time_unix_nano <= span.start_time_unix_nano
            assert span.start_time_unix_nano <= span.end_time_unix_nano <= parent.end_time_unix_nano
    ends = [max(span.end_time_unix_nano for span in run) for run in runs]
    assert min(ends) > NOW - DAY
    assert NOW - 300 * 10**9 < max(ends) <= NOW


def test_the_same_seed_gives_equal_runs_with_new_ids() -> None:
    first, second, other = (otlp_runs(sample_requests(seed)) for seed in (1, 1, 2))

    def names(runs: list[list[OtlpSpan]]) -> list[list[str]]:
        return [[span.name for span in run] for run in runs]

    assert names(first) == names(second) != names(other)
    assert not {run[0].trace_id for run in first} & {run[0].trace_id for run in second}


def test_the_runs_cover_every_kind_and_outcome(spans: list[Span]) -> None:
    assert {span.team for span in spans} == {"payments", "support", "logistics"}
    assert {span.kind for span in spans} == {"agent", "llm", "tool", "retrieval", "guardrail", "human"}
    assert {"otel_genai", "openinference"} <= {span.dialect for span in spans}
    releases = defaultdict(set)
    for span in spans:
        releases[span.workflow].add(span.workflow_version)
    assert sorted(map(len, releases.values())) == [1, 1, 2, 2, 2]
    answered = [span for span in spans if span.kind == "llm" and span.status != "error"]
    unpriced = {span.model for span in answered if span.cost_usd is None}
    assert unpriced == {"northwind-8b-instruct"}
    assert {span.model for span in answered} - unpriced == {"claude-sonnet-4-5", "gpt-4o-mini", "gemini-2.5-flash"}
    assert any(span.cached_input_tokens for span in answered)
    assert all(span.input_tokens and span.output_tokens for span in answered)
    roots = [span for span in spans if not span.parent_span_id]
    assert {span.outcome for span in roots} == {"success", "failure", "escalated", ""}
    assert {span.policy_decision for span in spans} == {"", "allow", "escalate"}
    assert {span.approval_status for span in spans} == {"", "approved", "rejected"}
    failed_tools = {span.trace_id for span in spans if span.kind == "tool" and span.status == "error"}
    assert {span.trace_id for span in roots if span.outcome == "success"} & failed_tools
    sessions = [span.session_id for span in roots]
    assert all(sessions)
    assert len(set(sessions)) < len(sessions)


def test_prompts_results_and_errors_contain_invented_people(spans: list[Span]) -> None:
    for person in PEOPLE:
        assert any(person.email in span.input for span in spans if span.kind == "llm")
        assert any(person.phone in span.output or person.name in span.output for span in spans if span.kind == "tool")
    assert any(person.name in span.status_message for person in PEOPLE for span in spans)


def test_most_of_the_text_is_repeated_so_that_redaction_is_quick(spans: list[Span]) -> None:
    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from texts(inner)
        elif isinstance(value, str) and value[:1] in ("{", "["):
            yield from texts(json.loads(value))
        elif isinstance(value, str):
            yield value

    distinct = {text for span in spans for field in (span.input, span.output) for text in texts([field])}
    assert sum(map(len, distinct)) < 60_000


def test_the_receiver_accepts_every_run(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    sentences: list[str] = []
    sent = send_demo(receiver.url, progress=sentences.append)
    assert sentences[-1].startswith(f"Sent {sent} sample runs of three teams")
    waiting = receiver.open_spool().take(1_000, 1 << 30)
    bodies = [ExportTraceServiceRequest.FromString(w.body) for w in waiting]
    assert len(otlp_runs(bodies)) == sent
    assert send_demo(receiver.url) == sent
    assert receiver.open_spool().counts().waiting_requests == 2 * len(waiting)


def test_the_demo_sends_a_required_key_or_fails_with_one_sentence(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    key = IngestKey(name="demo", sha256=hashlib.sha256(b"demo-key").hexdigest())
    receiver = start_receiver(Policy(ingest_keys=(key,)))
    with pytest.raises(DemoError, match="with 401; see --key"):
        send_demo(receiver.url)
    assert send_demo(f"{receiver.url}/", key="demo-key") > 0


def test_an_unreachable_receiver_is_named_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(DemoError, match="does not answer"):
        send_demo(f"http://127.0.0.1:{port}")
