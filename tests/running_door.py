"""A real door: its own process, a real socket, a real spool."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.door import run_door
from collector.processes import SPAWN
from collector.spool.seal import Seal, load_or_create_key
from collector.spool.spool import Spool
from collector.supervisor import address_of, reserve

if TYPE_CHECKING:
    import ssl
    from multiprocessing.context import SpawnProcess

    from collector.settings import Settings
    from schema.policy import Policy

EXPORT = Path(__file__).parent / "data" / "otlp" / "manual-convention" / "01.traces.pb"


def one_span(number: int = 1) -> bytes:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name="call"
    )
    return request.SerializeToString()


class Door:
    """A door and what its supervisor does: it holds the listening socket, starts, stops and kills."""

    def __init__(self, settings: Settings, policy: Policy, client_tls: ssl.SSLContext | None = None) -> None:
        self.settings = settings
        self.client_tls = client_tls
        self._policy = policy
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if client_tls else 'http'}://127.0.0.1:{self.port}"
        self._grpc_port = reserve("127.0.0.1", 0)
        self.grpc_address = address_of(self._grpc_port)
        self.process: SpawnProcess
        self._spools: list[Spool] = []
        self.start()

    def start(self) -> None:
        arguments = (self.settings, self._policy, self._listener, self.grpc_address)
        self.process = SPAWN.Process(target=run_door, args=arguments)
        self.process.start()
        # It waits in the queue of the socket until the door takes it.
        httpx.get(f"{self.url}/healthz", timeout=60, verify=self.client_tls or True)

    def stop(self) -> int | None:
        self.process.terminate()
        self.process.join(15)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def leave(self) -> None:
        """Be away as a machine that is started again: nothing listens."""
        self.kill()
        self._listener.close()

    def come_back(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
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
