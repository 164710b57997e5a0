"""The server: the one process that holds the store. Writer, API and, where it is wanted, the dashboard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import threading
import time
import traceback
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import uvicorn

from collector.api.app import create_api
from collector.delivery import Writer
from collector.heartbeat import BEAT_SECONDS, beat
from collector.open_store import open_store
from collector.pipeline.worker_health import WorkerHealth
from collector.pipeline.workers import WorkerPool
from collector.process import begin, freeze_startup_objects
from collector.receivers.tls import load_tls
from collector.service.announcement import announce, withdraw
from collector.service.listening import listen
from collector.service.policy_reload import PolicyFeed
from collector.service.pseudonym_key import load_pseudonym_key
from collector.settings import SettingsError
from collector.spool.patience import open_patiently
from schema.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from collector.service.policy_reload import Message
    from collector.settings import Settings
    from collector.spool.spool import Spool
    from schema.policy.policy import Policy
    from schema.store.store import Store

log = logging.getLogger(__name__)

_RETRY = 1.0  # seconds between attempts at a store that is away


def run_server(  # noqa: PLR0913, PLR0917 - the arguments of a process are positional
    settings: Settings,
    policy: Policy,
    endpoints: dict[str, str],
    dashboard: socket.socket | None,
    intake: bool,  # noqa: FBT001 - the arguments of a process are positional
    policies: Connection[Policy, Message] | None = None,
) -> None:
    """Run until SIGTERM. `endpoints` is told to the command line; `intake` says whether there is a spool to empty.

    Other policies than the first come by `policies` and hold from the next requests on.
    """
    begin("server")
    feed = PolicyFeed(policy, policies)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with contextlib.ExitStack() as stack:
        consumer = _start_consumer(settings, policy, stop, stack) if intake else None
        if intake and consumer is None:
            return
        health = consumer.health if consumer else None
        store = _open_patiently(settings, stop, health)
        if store is None:
            return
        stack.enter_context(store)
        servers: list[tuple[Any, socket.socket, dict[str, Any]]] = []
        pa.set_memory_pool(pa.system_memory_pool())  # its own gives memory back at once, and each block takes it anew
        # All that loads pandas does so here, before other threads have rows: two that import it at once fail.
        pa.array([0])
        if dashboard is not None:
            servers.append((_dashboard(settings, store, endpoints), dashboard, _for_browsers(settings)))
        writer = None
        if consumer:
            spool, pool = consumer.spool, consumer.pool
            writer = Writer(spool, store, pool, policy, disk_reserve_bytes=settings.disk_reserve_bytes)
            feed.each(partial(_take_over, settings, pool, writer))
            thread = threading.Thread(target=_write, args=(writer, stop), name="writer")
            thread.start()
            stack.callback(thread.join)
            stack.callback(stop.set)
            token = secrets.token_urlsafe(32)
            local = listen("127.0.0.1", 0)
            endpoints = endpoints | {"url": f"http://127.0.0.1:{local.getsockname()[1]}", "token": token}
            servers.append((create_api(store, spool, writer, token, settings.policy), local, {"proxy_headers": False}))
        freeze_startup_objects()
        server = _Life(settings, endpoints, writer, health)
        asyncio.run(_serve(servers, stop, server))
        withdraw(settings)


@dataclass(frozen=True, slots=True)
class _Consumer:
    """What empties the spool: it starts before there is a store for the rows."""

    spool: Spool
    pool: WorkerPool
    health: WorkerHealth


def _start_consumer(
    settings: Settings, policy: Policy, stop: threading.Event, stack: contextlib.ExitStack
) -> _Consumer | None:
    """Open the spool and start the workers: they load their models while the store is opened. None once stopped."""
    spool = open_patiently(settings, stop)
    if spool is None:
        return None
    stack.callback(spool.close)
    pool = WorkerPool(settings.workers, policy, pseudonym_key=load_pseudonym_key(settings, policy))
    stack.callback(pool.close)
    return _Consumer(spool, pool, WorkerHealth(pool))


def _take_over(settings: Settings, pool: WorkerPool, writer: Writer, policy: Policy) -> None:
    pool.take_over(policy, load_pseudonym_key(settings, policy))
    writer.take_over(policy)


def _dashboard(settings: Settings, store: Store, endpoints: dict[str, str]) -> Any:  # noqa: ANN401 - an application
    """Return the dashboard, found by its name: the collector does not import it."""
    create_app = next(iter(entry_points(group="spanledger.applications", name="dashboard"))).load()
    return create_app(
        store,
        password=settings.dashboard_password or None,
        loopback=settings.loopback,
        endpoint=endpoints.get("otlp_http", f"http://{settings.host}:{settings.otlp_http_port}"),
    )


def _for_browsers(settings: Settings) -> dict[str, Any]:
    """Return how the dashboard is served: over TLS where the receiver is, to browsers without certificates.

    A sender's address is taken from X-Forwarded-For only where FORWARDED_ALLOW_IPS names the proxy: passwords are
    counted by it.
    """
    tls = load_tls(settings)
    proxies = os.environ.get("FORWARDED_ALLOW_IPS", "")
    options: dict[str, Any] = {"proxy_headers": bool(proxies), "forwarded_allow_ips": proxies}
    return options | ({"ssl_certfile": tls.certificate} if tls else {})


def _write(writer: Writer, stop: threading.Event) -> None:
    """Run the writer; if a bug ends it, end the process too: a server that stores nothing must not look alive."""
    try:
        writer.run(stop)
    except Exception as error:  # noqa: BLE001 - whatever it is, the supervisor starts a new server
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.critical("the writer failed: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
        os._exit(1)


def _open_patiently(settings: Settings, stop: threading.Event, health: WorkerHealth | None) -> Store | None:
    """Open the store, however long it is away: the receiver takes requests meanwhile."""
    while not stop.is_set():
        try:
            return open_store(settings)
        except (StoreUnavailableError, SettingsError) as error:
            log.warning("waiting for the store: %s", error)
            _beat(settings, health.problem() if health else "")
            stop.wait(_RETRY)
    return None


class _Life:
    """What an instance is told of its server: where it is, once it would store a request at once, and that it lives."""

    def __init__(
        self, settings: Settings, endpoints: dict[str, str], writer: Writer | None, health: WorkerHealth | None
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._writer = writer
        self._health = health
        self._announced = False
        self._beat_at = float("-inf")

    def goes_on(self, *, answering: bool) -> None:
        """Say what there is to say now; to be called often, by what serves the API."""
        if answering and not self._announced and (self._writer is None or self._writer.ready):
            self._announced = self._announce()
            self._beat_at = float("-inf")
        if self._writer is None or self._health is None or time.monotonic() < self._beat_at + BEAT_SECONDS:
            return
        self._beat_at = time.monotonic()
        problem = self._health.problem()
        if self._announced or self._writer.waits_for_store:
            _beat(self._settings, problem)

    def _announce(self) -> bool:
        """Announce, and return whether that was possible: a folder that cannot be written now is tried again."""
        try:
            announce(self._settings, self._endpoints)
        except OSError as error:
            log.debug("the address is not written: %s", error.strerror)
            return False
        return True


def _beat(settings: Settings, problem: str) -> None:
    try:
        beat(settings.heartbeat_path, problem)
    except OSError as error:  # the receiver finds that it comes no more
        log.warning("%s cannot be written: %s", settings.heartbeat_path, error.strerror)


async def _serve(
    servers: list[tuple[Any, socket.socket, dict[str, Any]]],
    stop: threading.Event,
    life: _Life,
) -> None:
    """Serve the applications until `stop`; announce them once they answer, and give signs of life."""
    running = []
    for application, listener, options in servers:
        config = uvicorn.Config(
            application, log_level="warning", access_log=False, timeout_graceful_shutdown=2, **options
        )
        server = _Server(config)
        running.append((server, asyncio.create_task(server.serve([listener]))))
    while not stop.is_set() and not any(task.done() for _, task in running):  # set by a signal, from threads
        life.goes_on(answering=all(server.started for server, _ in running))
        await asyncio.sleep(0.05)
    for server, _ in running:
        server.should_exit = True
    await asyncio.gather(*(task for _, task in running))


class _Server(uvicorn.Server):
    """A server among others in one process: signals are the process's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
