"""The server: the one process that holds the store. Writer, API and, where it is wanted, the dashboard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import threading
import traceback
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from collector.api.app import create_api
from collector.delivery import Writer
from collector.open_store import open_store
from collector.pipeline.worker_health import WorkerHealth
from collector.pipeline.workers import WorkerPool
from collector.process import begin, freeze_startup_objects
from collector.service.announcement import withdraw
from collector.service.life_signs import LifeSigns, write_heartbeat
from collector.service.listening import listen
from collector.service.policy_in_force import policy_in_force
from collector.service.policy_reload import PolicyFeed
from collector.service.pseudonym_key import load_pseudonym_key
from collector.service.serving import Application, browser_options, serve
from collector.settings import SettingsError
from collector.spool.patience import open_patiently
from schema.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    import socket
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
    """Run until SIGTERM. Commands find `endpoints` in api.json; `intake` says whether there is a spool to empty.

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
        _prepare_arrow()
        applications: list[Application] = []
        if dashboard is not None:
            app = _dashboard(settings, store, endpoints)
            applications.append(Application(app, dashboard, browser_options(settings)))
        writer = None
        if consumer:
            writer = _start_writer(settings, store, consumer, feed, stop, stack)
            token, local = secrets.token_urlsafe(32), listen("127.0.0.1", 0)
            endpoints = endpoints | {"url": f"http://127.0.0.1:{local.getsockname()[1]}", "token": token}
            in_force = partial(policy_in_force, settings, feed)
            api = create_api(store, consumer.spool, writer, token, in_force)
            applications.append(Application(api, local, {"proxy_headers": False}))
        freeze_startup_objects()
        asyncio.run(serve(applications, stop, LifeSigns(settings, endpoints, writer, health).show))
        withdraw(settings)


def _prepare_arrow() -> None:
    """Set up Arrow before other threads have rows."""
    pa.set_memory_pool(pa.system_memory_pool())  # its own gives memory back at once, and each block takes it anew
    pa.array([0])  # loads pandas: two threads that import it at once fail


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


def _start_writer(  # noqa: PLR0913, PLR0917 - what a writer needs, and what ends it
    settings: Settings,
    store: Store,
    consumer: _Consumer,
    feed: PolicyFeed,
    stop: threading.Event,
    stack: contextlib.ExitStack,
) -> Writer:
    """Start the thread that empties the spool; it ends with the stack."""
    reserve = settings.disk_reserve_bytes
    writer = Writer(consumer.spool, store, consumer.pool, feed.policy, disk_reserve_bytes=reserve)
    feed.each(partial(_take_over, settings, consumer.pool, writer))
    thread = threading.Thread(target=_write, args=(writer, stop), name="writer")
    thread.start()
    stack.callback(thread.join)
    stack.callback(stop.set)
    return writer


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
            write_heartbeat(settings, health.problem() if health else "")
            stop.wait(_RETRY)
    return None
