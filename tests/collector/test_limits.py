"""A sender over its limit gets a retry time, and loses nothing by retrying."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_grpc_client import Client, retry_delay

from collector.keys.limits import OverLimitError, SenderLimits
from schema.policy.policy import IngestKey, Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running_receiver import RunningReceiver


NOON = 1_795_348_800.0  # 2026-11-22 12:00 UTC
MIB = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def key(**limits: int) -> IngestKey:
    return IngestKey.model_validate({"name": "payments", "sha256": "1" * 64, **limits})


def send(limits: SenderLimits, one: IngestKey, spans: int = 1, size: int = 1) -> None:
    with limits.charged(one, spans, size) as charge:
        charge.kept = True


def refused(limits: SenderLimits, one: IngestKey, spans: int = 1, size: int = 1) -> int:
    with pytest.raises(OverLimitError) as error, limits.charged(one, spans, size):
        pytest.fail("it was let in")
    assert error.value.http_status == 429
    return error.value.retry_after_seconds


def test_a_burst_passes_then_the_rate_holds() -> None:
    clock = Clock()
    limits = SenderLimits(monotonic=clock, clock=clock)
    one = key(spans_per_second=10, burst_spans=50)
    send(limits, one, 30)
    send(limits, one, 30)  # the last one may go into debt
    assert refused(limits, one) == 1
    clock.now += 1.1
    send(limits, one, 100)  # never too large: it is paid off
    assert refused(limits, one) == 10
    clock.now += 9
    assert refused(limits, one) == 1
    clock.now += 1
    send(limits, one)
    clock.now += 3600  # a rest gives the burst back, and no more
    send(limits, one, 50)
    refused(limits, one)


def test_senders_do_not_share_a_limit_and_keys_of_one_name_do() -> None:
    limits = SenderLimits(monotonic=Clock())
    one = key(spans_per_second=1, burst_spans=1)
    send(limits, one)
    refused(limits, one)
    refused(limits, one.model_copy(update={"sha256": "2" * 64}))
    send(limits, one.model_copy(update={"name": "support"}))
    send(limits, IngestKey(name="free", sha256="3" * 64), 10**9, 10**12)


def test_a_day_has_its_volume_and_ends_at_midnight() -> None:
    clock = Clock()
    limits = SenderLimits(monotonic=clock, clock=clock)
    one = key(mib_per_day=2)
    send(limits, one, size=MIB)
    assert refused(limits, one, size=MIB + 1) == 12 * 3600
    send(limits, one, size=MIB)
    assert refused(limits, one) == 12 * 3600
    clock.now += 12 * 3600
    send(limits, one, size=2 * MIB)
    refused(limits, one)


def test_requests_that_are_not_stored_are_not_charged() -> None:
    limits = SenderLimits(monotonic=Clock(), clock=Clock())
    one = key(spans_per_second=1, burst_spans=5, mib_per_day=1)
    for _ in range(20):
        with pytest.raises(OSError, match="disk"), limits.charged(one, 5, MIB):
            raise OSError("disk")
        with limits.charged(one, 5, MIB):
            pass  # a repetition of what is there: the charge does not stand
    send(limits, one, 5, MIB)


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 5)), max_size=60))
def test_over_any_time_a_sender_gets_its_burst_its_rate_and_one_request_at_most(
    requests: list[tuple[int, float]],
) -> None:
    clock = Clock()
    limits = SenderLimits(monotonic=clock, clock=clock)
    one = key(spans_per_second=20, burst_spans=60)
    got = 0
    for spans, pause in requests:
        clock.now += pause
        try:
            send(limits, one, spans)
        except OverLimitError as error:
            clock.now += error.retry_after_seconds + 0.001
            send(limits, one, spans)  # a sender that retries after the given time is accepted
        got += spans
        assert got - spans <= 60 + 20 * (clock.now - NOON) + 0.01


def test_the_volume_of_the_day_survives_a_restart_and_is_written_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "volume.json"
    limits = SenderLimits(path, monotonic=clock, clock=clock)
    one = key(mib_per_day=1)
    send(limits, one, size=100)
    assert json.loads(path.read_text()) == {"day": "2026-11-22", "bytes": {"payments": 100}}
    assert path.stat().st_mode & 0o777 == 0o600
    send(limits, one, size=100)
    assert json.loads(path.read_text())["bytes"] == {"payments": 100}
    clock.now += 1
    send(limits, one, size=100)
    send(limits, one, size=100)
    limits.close()
    again = SenderLimits(path, monotonic=clock, clock=clock)
    refused(again, one, size=MIB - 399)
    send(again, one, size=MIB - 400)
    again.close()
    clock.now += 24 * 3600
    send(SenderLimits(path, monotonic=clock, clock=clock), one, size=MIB)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"day": "2026-11-22", "bytes": 5}', "\0\0"])
def test_a_damaged_file_counts_from_zero_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    path = tmp_path / "volume.json"
    path.write_text(content)
    send(SenderLimits(path, clock=Clock()), key(mib_per_day=1), size=MIB)
    assert "today's volume counts from 0" in caplog.text


def test_a_failing_disk_is_logged_once_and_counting_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    limits = SenderLimits(tmp_path / "away" / "volume.json", monotonic=clock, clock=clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            send(limits, key(mib_per_day=1), size=MIB // 3)
            clock.now += 2
    refused(limits, key(mib_per_day=1), size=5)
    assert caplog.text.count("cannot be written") == 1


def test_threads_get_no_more_than_one() -> None:
    limits = SenderLimits(monotonic=Clock(), clock=Clock())
    one = key(mib_per_day=1)
    got = []

    def ask() -> None:
        for _ in range(200):
            try:
                send(limits, one, size=MIB // 100)
            except OverLimitError:
                return
            got.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 100


def policy(**limits: int) -> Policy:
    sha256 = hashlib.sha256(b"spl_key").hexdigest()
    return Policy(ingest_keys=(IngestKey.model_validate({"name": "payments", "sha256": sha256, **limits}),))


def spans(count: int, *, name: str = "call") -> bytes:
    request = ExportTraceServiceRequest()
    made = request.resource_spans.add().scope_spans.add().spans
    for _ in range(count):
        made.add(trace_id=os.urandom(16), span_id=os.urandom(8), name=name)
    return request.SerializeToString()


def post(receiver: RunningReceiver, body: bytes) -> httpx.Response:
    headers = {"content-type": "application/x-protobuf", "authorization": "Bearer spl_key"}
    return httpx.post(f"{receiver.url}/v1/traces", content=body, headers=headers, timeout=60)


def test_a_sender_over_its_rate_gets_a_retry_delay_over_http_and_grpc(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver(policy(spans_per_second=1, burst_spans=1))
    assert post(receiver, spans(5_000)).status_code == 200
    answer = post(receiver, spans(1))
    assert answer.status_code == 429
    assert 4_000 < int(answer.headers["retry-after"]) < 5_000
    assert "The key payments may send 1 spans a second" in Status.FromString(answer.content).message
    with Client(receiver.grpc_address) as client:
        code, message, trailers = client.send(spans(1), authorization="Bearer spl_key")
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert b"that is used up" in message
    assert 4_000 < retry_delay(trailers) < 5_000
    assert receiver.open_spool().counts().waiting_spans == 5_000


def test_the_volume_of_a_day_holds_over_a_killed_receiver_and_repetitions_are_not_counted(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver(policy(mib_per_day=1))
    small, large, other = (spans(1, name="x" * size) for size in (200_000, 700_000, 900_000))
    assert [post(receiver, small).status_code for _ in range(10)] == [200] * 10
    assert post(receiver, other).status_code == 429
    assert post(receiver, large).status_code == 200
    time.sleep(1.1)  # the file is written once a second
    assert post(receiver, spans(1, name="z" * 10_000)).status_code == 200
    receiver.kill()
    receiver.start()
    answer = post(receiver, other)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 86_400
    assert "The day ends at 0:00 UTC" in Status.FromString(answer.content).message
