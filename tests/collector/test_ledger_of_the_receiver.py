"""Every response of the receiver is counted, and senders with a key can read the counts as metrics."""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from running_receiver import RunningReceiver


SECRET = "slk-payments"
KEY = {"name": "payments", "sha256": hashlib.sha256(SECRET.encode()).hexdigest(), "team": "payments"}
PROTOBUF = {"content-type": "application/x-protobuf"}
WITH_KEY = {"authorization": f"Bearer {SECRET}"}
SAMPLE = re.compile(r'^[a-z_]+(\{([a-z]+="[^"\n]*",?)*\})? [0-9.e+-]+$')


def spans(*ids: int) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in ids:
        scope.spans.add(trace_id=b"t" * 16, span_id=number.to_bytes(8, "big"), name="call")
    return request.SerializeToString()


def send(receiver: RunningReceiver, body: bytes, headers: dict[str, str]) -> int:
    answer = httpx.post(f"{receiver.url}/v1/traces", content=body, headers=PROTOBUF | headers, timeout=30)
    return answer.status_code


def metrics(receiver: RunningReceiver, headers: dict[str, str]) -> dict[str, float]:
    answer = httpx.get(f"{receiver.url}/metrics", headers=headers, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert [line for line in samples if not SAMPLE.match(line)] == []
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in samples)}


def test_every_response_is_counted(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver(Policy.model_validate({"ingest_keys": [KEY]}))
    assert send(receiver, spans(1, 2, 0), WITH_KEY) == 200  # the third has no valid id
    assert send(receiver, spans(1, 2, 0), WITH_KEY) == 200  # a repeat
    assert send(receiver, spans(0), WITH_KEY) == 200  # nothing in it can be kept
    assert send(receiver, b"\xff no protobuf", WITH_KEY) == 400
    assert send(receiver, spans(3), {}) == 401
    assert send(receiver, spans(3), WITH_KEY | {"content-encoding": "lzma"}) == 415
    slot = '{key="payments",signal="traces"}'
    rejected = {
        ("payments", "invalid_ids"): 1,
        ("payments", "bad_request"): 1,
        ("", "unauthenticated"): 1,
        ("payments", "unsupported"): 1,
    }
    expected = {
        f"spanledger_accepted_spans_total{slot}": 2,
        f"spanledger_accepted_requests_total{slot}": 1,
        f"spanledger_deduplicated_spans_total{slot}": 2,
        f"spanledger_stored_spans_total{slot}": 0,
        f"spanledger_uncounted_requests_total{slot}": 2,
        'spanledger_rejected_spans_total{key="payments",reason="invalid_ids",signal="traces"}': 3,
        'spanledger_spool_requests{state="waiting"}': 1,
        'spanledger_spool_spans{state="waiting"}': 2,
        'spanledger_spool_requests{state="quarantined"}': 0,
    } | {
        f'spanledger_rejected_requests_total{{key="{key}",reason="{reason}",signal="traces"}}': count
        for (key, reason), count in rejected.items()
    }
    deadline = time.monotonic() + 30
    while True:  # refusals are written once a second
        found = metrics(receiver, WITH_KEY)
        if {name: found.get(name) for name in expected} == expected or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert {name: found.get(name) for name in expected} == expected
    assert found["spanledger_spool_oldest_waiting_seconds"] > 0
    assert found['spanledger_spool_bytes{state="waiting"}'] > 0


def test_metrics_require_a_key_if_there_are_keys(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver(Policy.model_validate({"ingest_keys": [KEY]}))
    assert httpx.get(f"{receiver.url}/metrics", timeout=30).status_code == 401


def test_metrics_are_open_if_the_receiver_is(start_receiver: Callable[..., RunningReceiver]) -> None:
    assert metrics(start_receiver(), {})["spanledger_spool_oldest_waiting_seconds"] == 0
