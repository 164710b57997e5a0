"""HTTP servers of the server process: the API and the dashboard, each on a socket of its own, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import uvicorn

from collector.receivers.tls import load_tls

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable, Iterator

    from collector.settings import Settings


class Application(NamedTuple):
    """An ASGI application, the socket that it answers at, and options of uvicorn."""

    app: Any
    listener: socket.socket
    options: dict[str, Any]


def browser_options(settings: Settings) -> dict[str, Any]:
    """Return the options of the dashboard: over TLS where the receiver uses it, to browsers without certificates.

    The address of a client is taken from X-Forwarded-For only where FORWARDED_ALLOW_IPS names the proxy. Wrong
    passwords are counted by that address.
    """
    tls = load_tls(settings)
    proxies = os.environ.get("FORWARDED_ALLOW_IPS", "")
    options: dict[str, Any] = {"proxy_headers": bool(proxies), "forwarded_allow_ips": proxies}
    return options | ({"ssl_certfile": tls.certificate} if tls else {})


async def serve(applications: list[Application], stop: threading.Event, tick: Callable[[bool], None]) -> None:
    """Serve until `stop` is set or a server ends; `tick` is called all the time with whether all of them answer."""
    running = []
    for application in applications:
        config = uvicorn.Config(
            application.app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, **application.options
        )
        server = _Server(config)
        running.append((server, asyncio.create_task(server.serve([application.listener]))))
    while not stop.is_set() and not any(task.done() for _, task in running):  # set by a signal, from threads
        tick(all(server.started for server, _ in running))
        await asyncio.sleep(0.05)
    for server, _ in running:
        server.should_exit = True
    await asyncio.gather(*(task for _, task in running))


class _Server(uvicorn.Server):
    """A server among others in one process: the process handles signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
