"""The receiver process: accepts requests and writes them to the spool. It does not depend on the other processes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from collector.keys.ingest_keys import IngestKeys
from collector.keys.limits import SenderLimits
from collector.process import begin, give_back_memory, raise_open_files, resident_bytes
from collector.receivers import grpc, http, http_protocol
from collector.receivers.reception import Reception
from collector.receivers.tls import load_tls
from collector.service.policy_reload import PolicyFeed
from collector.spool.figures import note_refusals
from collector.spool.patience import open_patiently

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from collector.receivers.tls import Tls
    from collector.service.policy_reload import Message
    from collector.settings import Settings
    from schema.policy.policy import Policy

_KEEP_ALIVE_SECONDS = 75  # longer than exporters pause, so that they do not use a connection that is being closed
_SHUTDOWN_SECONDS = 10
# The gRPC library buffers a message and reveals its size only at its end: above this, long readings are ended.
_MAX_RESIDENT_BYTES = 1 << 30
_TRIM_ABOVE_BYTES = 32 << 20  # peak of requests in memory after which free heap memory is returned to the system


def run_receiver(
    settings: Settings,
    policy: Policy,
    listener: socket.socket,
    grpc_address: str,
    policies: Connection[Policy, Message] | None = None,
) -> None:
    """Serve OTLP until SIGTERM; then finish the current requests, commit them and return.

    HTTP uses the listening socket. gRPC binds its own; the parent keeps that port reserved with SO_REUSEPORT. New
    policies arrive through `policies`, and apply from the next request on.
    """
    begin("receiver")
    files = raise_open_files()
    http_protocol.BoundedHeadProtocol.max_connections = files // 2  # gRPC gets a quarter, everything else the rest
    feed = PolicyFeed(policy, policies)
    tls = load_tls(settings)
    volume = settings.data_dir / "volume.json"
    spool = open_patiently(settings)
    if spool is None:
        return
    with contextlib.closing(spool), contextlib.closing(SenderLimits(volume)) as limits:
        keys = IngestKeys(policy, limits)
        feed.each(keys.take_over)
        feed.counting(partial(note_refusals, spool))
        reception = Reception(spool, keys)
        config = uvicorn.Config(
            http.create_app(reception, settings.heartbeat_path, settings.browser_origins, loopback=settings.loopback),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            http=http_protocol.BoundedHeadProtocol,
            ws="none",
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            **(tls.for_http() if tls else {}),
        )
        with reception.running():
            _Server(config, reception, grpc_address, tls, files // 4).run([listener])


class _Server(uvicorn.Server):
    """HTTP and gRPC in one event loop. SIGTERM stops both; Ctrl-C, which a terminal sends to all, is for the parent."""

    def __init__(
        self, config: uvicorn.Config, reception: Reception, grpc_address: str, tls: Tls | None, connections: int
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._tls = tls
        self._reception = reception
        self._grpc_address = grpc_address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        credentials = self._tls.for_grpc() if self._tls else None
        self._grpc = grpc.create_server(self._reception, self._grpc_address, credentials, connections=self._connections)
        await self._grpc.start()
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Check memory, ten times a second; return whether to stop."""
        if self._reception.in_flight.is_reading and resident_bytes() > _MAX_RESIDENT_BYTES:
            self._reception.in_flight.end_long_readings()
        if self._reception.in_flight.peak_is_over(_TRIM_ABOVE_BYTES):
            give_back_memory()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.gather(super().shutdown(sockets), self._grpc.stop(_SHUTDOWN_SECONDS))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = signal.signal(signal.SIGTERM, self.handle_exit)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
