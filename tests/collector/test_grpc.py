"""Responses of a real receiver over gRPC, over a real socket."""

from __future__ import annotations

import gzip
import hashlib
import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from otlp_grpc_client import SERVICES, Client, retry_delay
from running_receiver import EXPORT, assert_delivers, large_request, one_span

from collector.receivers.reception import REQUEST_HEADER
from schema.policy.policy import IngestKey, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from running_receiver import RunningReceiver


def test_what_is_answered_with_ok_is_on_disk_as_it_was_sent(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = EXPORT.read_bytes()
    with Client(receiver.grpc_address) as client:
        code, answer, trailers = client.send(body)
        receiver.kill()  # nothing is left to a clean end
    assert (code, answer) == (grpc.StatusCode.OK, b"")
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    assert (str(waiting.id), waiting.signal, waiting.body) == (trailers[REQUEST_HEADER], "traces", body)
    assert waiting.spans == 6


def test_gzip_is_the_same_request_and_the_same_as_over_http(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = EXPORT.read_bytes()
    with Client(receiver.grpc_address) as client:
        plain = client.send(body)
        zipped = client.send(body, compression=grpc.Compression.Gzip)
        small = client.send(one_span(), compression=grpc.Compression.Gzip)
    assert [plain[0], zipped[0], small[0]] == [grpc.StatusCode.OK] * 3
    assert plain[2][REQUEST_HEADER] == zipped[2][REQUEST_HEADER]
    assert [waiting.body for waiting in receiver.open_spool().take(10, 1 << 30)] == [body, one_span()]


def test_all_signals_and_empty_requests_are_taken(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(severity_text="INFO")
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="calls").gauge.data_points.add(as_int=1)
    with Client(receiver.grpc_address) as client:
        for signal in SERVICES:
            code, answer, trailers = client.send(b"", signal)
            assert (code, answer, REQUEST_HEADER in trailers) == (grpc.StatusCode.OK, b"", False)
        assert client.send(logs.SerializeToString(), "logs")[0] == grpc.StatusCode.OK
        assert client.send(metrics.SerializeToString(), "metrics")[0] == grpc.StatusCode.OK
    assert [waiting.signal for waiting in receiver.open_spool().take(10, 1 << 30)] == ["logs", "metrics"]


def test_spans_without_ids_are_rejected_by_partial_success(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    request = ExportTraceServiceRequest.FromString(one_span())
    request.resource_spans[0].scope_spans[0].spans.add(name="nowhere")
    with Client(receiver.grpc_address) as client:
        code, answer, _ = client.send(request.SerializeToString())
    assert code == grpc.StatusCode.OK
    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    assert (partial.rejected_spans, partial.error_message) == (
        1,
        "Rejected 1: resource_spans[0].scope_spans[0].spans[1]: no trace id of 16 bytes, not all zero.",
    )
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    assert (waiting.spans, waiting.body) == (1, one_span())


def test_a_record_that_cannot_be_read_is_rejected_alone(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    logs = ExportLogsServiceRequest()
    records = logs.resource_logs.add().scope_logs.add().log_records
    for text in ("sound", "cut @@", "\x7f" * 40):
        records.add().body.string_value = text
    broken = logs.SerializeToString().replace(b"@@", b"\xe2\x82").replace(b"\x0a\x28\x7f", b"\x0a\xff\x7f")
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="@@").gauge.data_points.add(as_int=1)
    with Client(receiver.grpc_address) as client:
        code, answer, _ = client.send(broken, "logs")
        assert client.send(metrics.SerializeToString().replace(b"@@", b"\xff\xff"), "metrics")[0] == grpc.StatusCode.OK
    assert code == grpc.StatusCode.OK
    partial = ExportLogsServiceResponse.FromString(answer).partial_success
    assert partial.rejected_log_records == 1
    assert partial.error_message == (
        "Rejected 1: resource_logs[0].scope_logs[0].log_records[2]: cut off or not protobuf."
        " Mended 1: resource_logs[0].scope_logs[0].log_records[1].body.string_value: not UTF-8."
    )
    waiting = receiver.open_spool().take(10, 1 << 30)
    assert [(request.signal, request.spans) for request in waiting] == [("logs", 2), ("metrics", 1)]
    (scope,) = ExportLogsServiceRequest.FromString(waiting[0].body).resource_logs[0].scope_logs
    assert [record.body.string_value for record in scope.log_records] == ["sound", "cut \ufffd"]


def test_what_cannot_be_read_is_an_invalid_argument_and_not_quoted(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver()
    with Client(receiver.grpc_address) as client:
        code, message, trailers = client.send(b"Marjolein Bakker")
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert b"Marjolein" not in message
        assert "grpc-status-details-bin" not in trailers  # it need not come again
        assert client.send(b"\x1f\x8bMarjolein Bakker")[0] == grpc.StatusCode.INVALID_ARGUMENT
        assert client.send(one_span(), compression=grpc.Compression.Deflate)[0] == grpc.StatusCode.UNIMPLEMENTED
    with grpc.insecure_channel(receiver.grpc_address) as channel:
        profiles: Any = channel.unary_unary("/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            profiles(b"")
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert receiver.open_spool().take(10, 1 << 30) == []


def test_keys_are_required_and_bind_the_team(start_receiver: Callable[..., RunningReceiver]) -> None:
    key = IngestKey(name="payments", sha256=hashlib.sha256(b"pay-key").hexdigest(), team="payments")
    receiver = start_receiver(Policy(ingest_keys=(key,)))
    with Client(receiver.grpc_address) as client:
        assert client.send(one_span())[0] == grpc.StatusCode.UNAUTHENTICATED
        assert client.send(one_span(), authorization="Bearer wrong")[0] == grpc.StatusCode.UNAUTHENTICATED
        assert client.send(one_span(1), authorization="Bearer pay-key")[0] == grpc.StatusCode.OK
        assert client.send(one_span(2), x_spanledger_key="pay-key")[0] == grpc.StatusCode.OK
    waiting = receiver.open_spool().take(10, 1 << 30)
    assert [taken.key_name for taken in waiting] == ["payments", "payments"]
    attributes = ExportTraceServiceRequest.FromString(waiting[0].body).resource_spans[0].resource.attributes
    assert {a.key: a.value.string_value for a in attributes}["spanledger.team"] == "payments"


def test_a_missing_key_is_refused_before_the_message_is_read(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver(Policy(ingest_keys=(IngestKey(name="payments", sha256="0" * 64),)))
    never = threading.Event()
    with Client(receiver.grpc_address) as client:
        with pytest.raises(grpc.RpcError) as refused:
            client.trickle(never).result()
        never.set()
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_messages_over_the_limit_are_refused_before_they_fill_the_memory(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver()
    limit = 64 << 20
    with Client(receiver.grpc_address) as client:
        assert client.send(bytes(limit + 1))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
        before = peak_bytes(receiver)
        code, message, _ = client.send(bytes(6 * limit), compression=grpc.Compression.Gzip)
        assert (code, message) == (grpc.StatusCode.INVALID_ARGUMENT, b"The decompressed body is over %d bytes." % limit)
        assert peak_bytes(receiver) - before < 3 * limit  # the bomb has six times the limit
        assert client.send(one_span())[0] == grpc.StatusCode.OK


def peak_bytes(receiver: RunningReceiver) -> int:
    """Return the peak memory of the receiver."""
    with open(f"/proc/{receiver.process.pid}/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def test_a_large_request_is_accepted_completely(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    body = large_request()
    with Client(receiver.grpc_address) as client:
        assert client.send(body)[0] == grpc.StatusCode.OK
        assert client.send(gzip.compress(body, 1))[0] == grpc.StatusCode.OK
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    assert waiting.body == body


def test_a_full_spool_refuses_with_a_retry_delay(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver(spool_max_bytes=1)
    with Client(receiver.grpc_address) as client:
        code, message, trailers = client.send(one_span())
    assert (code, message[:18]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, b"The spool is full:")
    assert retry_delay(trailers) == 2


def test_a_disk_that_refuses_is_unavailable_and_the_receiver_recovers(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver()
    pid = receiver.process.pid
    assert pid
    with Client(receiver.grpc_address) as client:
        assert client.send(one_span(1))[0] == grpc.StatusCode.OK
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))  # no file may grow
        code, _, trailers = client.send(one_span(2))
        assert (code, retry_delay(trailers)) == (grpc.StatusCode.UNAVAILABLE, 2)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert client.send(one_span(3))[0] == grpc.StatusCode.OK
    assert [waiting.body for waiting in receiver.open_spool().take(10, 1 << 30)] == [one_span(1), one_span(3)]


def test_many_senders_at_once_get_receipts_of_their_own(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    with Client(receiver.grpc_address) as client, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: client.send(one_span(n)), range(1, 401)))
    assert {code for code, _, _ in answers} == {grpc.StatusCode.OK}
    assert len({trailers[REQUEST_HEADER] for _, _, trailers in answers}) == 400
    assert len(receiver.open_spool().take(1000, 1 << 30)) == 400


def test_sigterm_answers_what_is_being_read_and_commits_it(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    stopping = threading.Event()
    with Client(receiver.grpc_address) as client:
        assert client.send(one_span(2))[0] == grpc.StatusCode.OK  # the connection is there
        answer = client.trickle(stopping)
        time.sleep(0.5)
        receiver.process.terminate()
        time.sleep(0.5)
        stopping.set()
        assert answer.result() == b""
    receiver.process.join(15)  # a second SIGTERM might meet a process that is past caring
    assert receiver.process.exitcode == 0
    assert [waiting.body for waiting in receiver.open_spool().take(10, 1 << 30)] == [one_span(2), one_span()]


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_stock_exporter_delivers(
    start_receiver: Callable[..., RunningReceiver], compression: grpc.Compression
) -> None:
    receiver = start_receiver()
    assert_delivers(receiver, OTLPSpanExporter(f"http://{receiver.grpc_address}", compression=compression))
