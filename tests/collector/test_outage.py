"""Stock exporters deliver every span through an outage that is shorter than their retry time."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace.export import SpanExporter
    from running_receiver import RunningReceiver

    from collector.spool.spool import Waiting

JAVASCRIPT = Path(__file__).parents[1] / "javascript"
EXPORTERS: dict[str, Callable[[RunningReceiver], SpanExporter]] = {
    "http": lambda receiver: HttpExporter(f"{receiver.url}/v1/traces", timeout=60),
    "http gzip": lambda receiver: HttpExporter(f"{receiver.url}/v1/traces", timeout=60, compression=Compression.Gzip),
    "grpc": lambda receiver: GrpcExporter(f"http://{receiver.grpc_address}", timeout=60),
    "grpc gzip": lambda receiver: GrpcExporter(
        f"http://{receiver.grpc_address}", timeout=60, compression=grpc.Compression.Gzip
    ),
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten attempts of the gRPC exporter instead of six: on a busy machine, restarting a receiver takes seconds."""
    monkeypatch.setattr("opentelemetry.exporter.otlp.proto.grpc.exporter._MAX_RETRYS", 10)


class Agent:
    """A program that ends spans continuously, with the ids that its exporter knows."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._provider = TracerProvider()
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=100_000, schedule_delay_millis=50, max_export_batch_size=50)
        )
        self._stop = threading.Event()
        self.ended: set[bytes] = set()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        tracer = self._provider.get_tracer("agent")
        while not self._stop.wait(0.01):
            span = tracer.start_span("call")
            span.end()
            self.ended.add(span.get_span_context().span_id.to_bytes(8, "big"))

    def stop(self) -> set[bytes]:
        """Send the remaining spans, and return the ids of all ended spans."""
        self._stop.set()
        self._thread.join()
        self._provider.force_flush(60_000)
        self._provider.shutdown()
        return self.ended


def span_ids(requests: list[Waiting]) -> list[bytes]:
    return [
        span.span_id
        for waiting in requests
        for resource in ExportTraceServiceRequest.FromString(waiting.body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def killed(receiver: RunningReceiver) -> None:
    """The receiver is killed at any point; HTTP's socket stays open, as under a supervisor."""
    receiver.kill()
    time.sleep(0.5)
    receiver.start()


def away(receiver: RunningReceiver) -> None:
    """Nothing listens for a second plus the receiver's start time, as while a machine reboots."""
    receiver.leave()
    time.sleep(1)
    receiver.come_back()


def through(outage: Callable[[RunningReceiver], None], receiver: RunningReceiver) -> None:
    """Make an outage in the middle."""
    time.sleep(0.5)
    outage(receiver)
    time.sleep(0.5)


@pytest.mark.parametrize("outage", [killed, away])
@pytest.mark.parametrize("exporter", EXPORTERS)
def test_every_span_arrives_though_the_receiver_is_gone_for_a_while(
    start_receiver: Callable[..., RunningReceiver], exporter: str, outage: Callable[[RunningReceiver], None]
) -> None:
    receiver = start_receiver()
    agent = Agent(EXPORTERS[exporter](receiver))
    through(outage, receiver)
    ended = agent.stop()
    assert len(ended) > 100
    assert ended - set(span_ids(receiver.open_spool().take(100_000, 1 << 30))) == set()


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node.js")
@pytest.mark.skipif(not (JAVASCRIPT / "node_modules").exists(), reason="run: npm install --prefix tests/javascript")
@pytest.mark.parametrize("outage", [killed, away])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_every_span_of_a_javascript_agent_arrives_too(
    start_receiver: Callable[..., RunningReceiver], compression: str, outage: Callable[[RunningReceiver], None]
) -> None:
    """Over HTTP: JavaScript's gRPC exporter does not retry."""
    receiver = start_receiver()
    command = ["node", str(JAVASCRIPT / "agent.cjs"), f"{receiver.url}/v1/traces", compression]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
        through(outage, receiver)
        ended = {bytes.fromhex(line) for line in agent.communicate(timeout=60)[0].split()}
    assert len(ended) > 100
    assert ended - set(span_ids(receiver.open_spool().take(100_000, 1 << 30))) == set()


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_every_span_arrives_though_the_spool_is_full_for_a_while(
    start_receiver: Callable[..., RunningReceiver], exporter: str
) -> None:
    receiver = start_receiver(spool_max_bytes=6_000)
    spool = receiver.open_spool()
    agent = Agent(EXPORTERS[exporter](receiver))
    time.sleep(2)  # it fills within a moment, and refuses
    arrived: list[bytes] = []
    stored = threading.Event()

    def store() -> None:
        """Empty the spool, as the writer would, until the agent has sent everything."""
        while not stored.wait(0.05):
            waiting = spool.take(100, 1 << 30)
            arrived.extend(span_ids(waiting))
            spool.assign([each.id for each in waiting], "batch")
            spool.done("batch")

    thread = threading.Thread(target=store)
    thread.start()
    ended = agent.stop()
    stored.set()
    thread.join()
    arrived.extend(span_ids(spool.take(100, 1 << 30)))
    assert len(ended) > 100
    assert sorted(arrived) == sorted(ended)  # and none of them twice
