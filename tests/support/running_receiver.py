"""A real receiver for tests: its own process, a real socket, a real spool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from collector.heartbeat import beat
from collector.process import SPAWN
from collector.service.listening import address_of, listen, reserve
from collector.service.receiver import run_receiver
from collector.spool.key_files import load_or_create_key
from collector.spool.seal import Seal
from collector.spool.spool import Spool

if TYPE_CHECKING:
    import ssl
    from multiprocessing.context import SpawnProcess

    from opentelemetry.sdk.trace.export import SpanExporter

    from collector.settings import Settings
    from schema.policy.policy import Policy

EXPORT = Path(__file__).parents[1] / "data" / "otlp" / "manual-convention" / "01.traces.pb"


def one_span(number: int = 1) -> bytes:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name="call"
    )
    return request.SerializeToString()


def large_request() -> bytes:
    """Return a request of nearly the maximum size."""
    request = ExportTraceServiceRequest.FromString(one_span())
    attribute = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="input.value")
    attribute.value.string_value = "a long prompt " * (60 << 20 >> 4)
    return request.SerializeToString()


class RunningReceiver:
    """A receiver with the supervisor's role: holds the listening socket, starts, stops and kills the process."""

    def __init__(self, settings: Settings, policy: Policy, client_tls: ssl.SSLContext | None = None) -> None:
        """Start a receiver on the host of the settings, with its own ports."""
        self.settings = settings
        self.client_tls = client_tls
        self._policy = policy
        self._listener = listen(settings.host, 0)
        self.port = self._listener.getsockname()[1]
        local = "[::1]" if settings.host == "::1" else "127.0.0.1"
        self.url = f"{'https' if client_tls else 'http'}://{local}:{self.port}"
        self._grpc_port = reserve(settings.host, 0)
        self.grpc_address = address_of(self._grpc_port)
        self.process: SpawnProcess
        self._spools: list[Spool] = []
        self.start()

    def start(self) -> None:
        arguments = (self.settings, self._policy, self._listener, self.grpc_address)
        self.process = SPAWN.Process(target=run_receiver, args=arguments)
        self.process.start()
        # It waits in the queue of the socket until the receiver takes it.
        httpx.get(f"{self.url}/healthz", timeout=60, verify=self.client_tls or True)

    def readiness(self) -> httpx.Response:
        """Return the response of /readyz, with the heartbeat of a running server."""
        beat(self.settings.heartbeat_path)
        return httpx.get(f"{self.url}/readyz", timeout=30)

    def stop(self) -> int | None:
        self.process.terminate()
        self.process.join(15)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def leave(self) -> None:
        """Stop listening during the block, as while a machine reboots."""
        self.kill()
        self._listener.close()

    def come_back(self) -> None:
        self._listener = listen(self.settings.host, self.port)
        self.start()

    def open_spool(self) -> Spool:
        seal = Seal(load_or_create_key(self.settings.key_path, None))
        spool = Spool(self.settings.spool_path, seal, max_bytes=1 << 40)
        self._spools.append(spool)
        return spool

    def close(self) -> None:
        self.kill()
        self._listener.close()
        self._grpc_port.close()
        for spool in self._spools:
            spool.close()


def assert_delivers(receiver: RunningReceiver, exporter: SpanExporter) -> None:
    """Send a span with a stock exporter; afterwards it waits in the receiver's spool."""
    provider = TracerProvider(resource=Resource.create({"service.name": "refunds"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("invoke_agent refunds") as span:
        trace_id = span.get_span_context().trace_id
    provider.shutdown()
    (waiting,) = receiver.open_spool().take(10, 1 << 30)
    request = ExportTraceServiceRequest.FromString(waiting.body)
    assert request.resource_spans[0].scope_spans[0].spans[0].trace_id == trace_id.to_bytes(16, "big")
