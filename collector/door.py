"""The door: the process that takes requests and puts them on disk. It stays open when everything else is down."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

import uvicorn

from collector.keys import IngestKeys
from collector.processes import begin
from collector.receivers.http import create_app
from collector.spool import open_spool

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from collector.settings import Settings
    from schema.policy import Policy

_KEEP_ALIVE_SECONDS = 75  # longer than exporters pause, so that they do not meet a connection that is just closing
_SHUTDOWN_SECONDS = 10


def run_door(settings: Settings, policy: Policy, listener: socket.socket) -> None:
    """Serve OTLP on the listening socket until SIGTERM; then answer what is being read, commit it and return."""
    begin("door")
    with contextlib.closing(open_spool(settings)) as spool:
        config = uvicorn.Config(
            create_app(spool, IngestKeys(policy)),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
        _Server(config).run([listener])


class _Server(uvicorn.Server):
    """A server that SIGTERM stops; Ctrl-C, which a terminal sends to every process, is the parent's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = signal.signal(signal.SIGTERM, self.handle_exit)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
