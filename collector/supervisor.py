"""`spanledger up`: starts the door and the house, restarts what dies, and stops everything together.

It holds the listening sockets, so that a door that is being restarted makes exporters wait, not fail.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import signal
import threading
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from collector.door import run_door
from collector.house import listen, run_house
from collector.processes import SPAWN
from collector.settings import SettingsError, refuse_open_door
from collector.spool import open_spool
from redaction.models import DEFAULT, require_model

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from collector.settings import Settings
    from schema.policy import Policy

log = logging.getLogger(__name__)

_RESTART_AFTER = 1.0  # seconds
_PORT_PATIENCE = 3.0  # seconds that a killed instance may take to let go of its ports
_GRACE = 15.0  # seconds that a process has to stop by itself; killing it loses nothing, see the spool


class _Service:
    """One child process that is wanted until the end."""

    def __init__(self, name: str, target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self.name = name
        self._target = target
        self._arguments = arguments
        self.process: SpawnProcess = self._start()

    def _start(self) -> SpawnProcess:
        process = SPAWN.Process(target=self._target, args=self._arguments, name=self.name)
        process.start()
        return process

    def restart(self) -> None:
        log.warning("the %s died (exit code %s) and is started again", self.name, self.process.exitcode)
        time.sleep(_RESTART_AFTER)
        self.process = self._start()

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(_GRACE)
        if self.process.is_alive():
            log.warning("the %s did not stop in time and is killed", self.name)
            self.process.kill()
            self.process.join()


def run(
    settings: Settings,
    policy: Policy,
    *,
    door: bool = True,
    dashboard: bool = True,
    on_ready: Callable[[dict[str, str]], None] = lambda _: None,
) -> None:
    """Run until SIGINT or SIGTERM; `on_ready` gets the addresses once everything answers.

    Before anything starts it raises SettingsError (an open door, a busy port, another instance), SpoolError,
    KeyFileError or RedactionError (no model).
    """
    refuse_open_door(settings, policy, door=door, dashboard=dashboard)
    for name in policy.redaction.models if door else ():
        require_model(name or DEFAULT)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as stack:
        if door or settings.store_url.startswith("chdb:"):
            stack.enter_context(only_instance(settings))
        endpoints: dict[str, str] = {}
        services = []
        house_listener = None
        if dashboard:
            house_listener = stack.enter_context(_claim(settings, "dashboard_port"))
            endpoints["dashboard"] = _url(settings.host, house_listener)
        if door:
            open_spool(settings).close()  # a key that does not fit is said here, in one sentence
            door_listener = stack.enter_context(_claim(settings, "otlp_http_port"))
            endpoints["otlp_http"] = _url(settings.host, door_listener)
            services.append(_Service("door", run_door, (settings, policy, door_listener)))
        settings.api_path.unlink(missing_ok=True)
        services.append(_Service("house", run_house, (settings, policy, endpoints, house_listener, door)))
        try:
            _watch(services, stop, settings.api_path, on_ready)
        finally:
            for service in services:
                service.stop()
            settings.api_path.unlink(missing_ok=True)


def _watch(
    services: list[_Service], stop: threading.Event, api_path: Path, on_ready: Callable[[dict[str, str]], None]
) -> None:
    ready = False
    while not stop.is_set():
        wait([service.process.sentinel for service in services], timeout=0.1)
        for service in services:
            if not service.process.is_alive() and not stop.is_set():
                service.restart()
        if not ready and api_path.exists():
            ready = True
            endpoints = json.loads(api_path.read_text(encoding="utf-8"))
            threading.Thread(target=on_ready, args=(endpoints,), name="on-ready", daemon=True).start()


@contextlib.contextmanager
def only_instance(settings: Settings) -> Iterator[None]:
    """Hold the data directory; two instances on one spool or one embedded store would be in each other's way."""
    settings.make_data_dir()
    descriptor = os.open(settings.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _PORT_PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SettingsError(
                        f"another instance works in {settings.data_dir}: stop it, or set SPANLEDGER_DATA_DIR"
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _claim(settings: Settings, field: str) -> Iterator[socket.socket]:
    """Listen on the port of this setting. Raises SettingsError, which names it."""
    port = getattr(settings, field)
    deadline = time.monotonic() + _PORT_PATIENCE
    while True:
        try:
            listener = listen(settings.host, port)
            break
        except OSError as error:
            if time.monotonic() > deadline:
                raise SettingsError(
                    f"cannot listen on {settings.host}:{port} ({error.strerror}):"
                    f" stop what uses the port, or set SPANLEDGER_{field.upper()}"
                ) from None
            time.sleep(0.1)
    with listener:
        yield listener


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
