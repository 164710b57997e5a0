"""The supervisor of `spanledger up`: starts the receiver and the server, restarts them if they die, and stops them.

It holds the listening sockets, so that exporters wait, instead of failing, while the receiver restarts.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import threading
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from collector.process import SPAWN, TooFewFilesError, raise_open_files
from collector.receivers.tls import load_tls
from collector.service import process_targets
from collector.service.announcement import withdraw
from collector.service.listening import address_of, listen, reserve
from collector.service.only_instance import only_instance
from collector.service.policy_reload import PolicyFile, reload_on_sighup
from collector.settings import SettingsError, refuse_keyless_receiver
from collector.spool.spool import open_spool
from redaction.models import DEFAULT, require_model

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from collector.receivers.tls import Tls
    from collector.service.policy_reload import Message
    from collector.settings import Settings
    from schema.policy.policy import Policy

log = logging.getLogger(__name__)

_RESTART_AFTER = 1.0  # seconds
_PORT_PATIENCE = 3.0  # seconds that a killed instance may take to release its ports
_GRACE = 15.0  # seconds for a process to stop by itself; killing it loses nothing, thanks to the spool


class _Service:
    """One child process, restarted until the end. It receives every new policy."""

    def __init__(
        self, name: str, target: Callable[..., None], settings: Settings, policy: Policy, arguments: tuple[Any, ...]
    ) -> None:
        self.name = name
        self._target = target
        self._settings = settings
        self._policy = policy
        self._arguments = arguments
        self.process: SpawnProcess = self._start()

    def _start(self) -> SpawnProcess:
        theirs, self._policies = SPAWN.Pipe(duplex=False)
        arguments = (self._settings, self._policy, *self._arguments, theirs)
        process = SPAWN.Process(target=self._target, args=arguments, name=self.name)
        process.start()
        theirs.close()
        return process

    def send(self, message: Message) -> None:
        if not isinstance(message, int):
            self._policy = message
        with contextlib.suppress(OSError):  # it has died, and will restart with this policy
            self._policies.send(message)

    def restart(self) -> None:
        log.warning("the %s died (exit code %s) and is restarted", self.name, self.process.exitcode)
        self._policies.close()
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
    receiver: bool = True,
    dashboard: bool = True,
    on_ready: Callable[[dict[str, str]], None] = lambda _: None,
) -> None:
    """Run until SIGINT or SIGTERM. `on_ready` receives the addresses when everything is ready.

    Before starting anything it raises SettingsError (a receiver without keys, a busy port, a missing certificate,
    another instance), SpoolError, KeyFileError or RedactionError (a missing model).
    """
    allow_open_files()
    refuse_keyless_receiver(settings, policy, receiver=receiver, dashboard=dashboard)
    tls = load_tls(settings)
    for name in policy.redaction.models if receiver else ():
        require_model(name or DEFAULT)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    policy_file = PolicyFile(settings, policy, receiver=receiver, dashboard=dashboard)
    reload_on_sighup(policy_file.request_reload, stop.set)
    with contextlib.ExitStack() as stack:
        if receiver or settings.store_url.startswith("chdb:"):
            stack.enter_context(only_instance(settings))
        endpoints: dict[str, str] = {}
        services = []
        server_listener = None
        if dashboard:
            server_listener = stack.enter_context(_claim(settings, "dashboard_port"))
            endpoints["dashboard"] = _url(settings.host, server_listener, tls)
        if receiver:
            open_spool(settings).close()  # so that a wrong key is reported here, in one sentence
            settings.heartbeat_path.unlink(missing_ok=True)  # the receiver must not read that of an earlier server
            receiver_listener = stack.enter_context(_claim(settings, "otlp_http_port"))
            endpoints["otlp_http"] = _url(settings.host, receiver_listener, tls)
            grpc_port = stack.enter_context(_claim(settings, "otlp_grpc_port", reserve))
            endpoints["otlp_grpc"] = _url(settings.host, grpc_port, tls)
            services.append(
                _Service(
                    "receiver", process_targets.receiver, settings, policy, (receiver_listener, address_of(grpc_port))
                )
            )
        withdraw(settings)
        services.append(
            _Service("server", process_targets.server, settings, policy, (endpoints, server_listener, receiver))
        )
        try:
            _watch(services, stop, settings.api_path, on_ready, policy_file)
        finally:
            for service in services:
                service.stop()
            withdraw(settings)


def allow_open_files() -> None:
    """Raise the limit of open files as far as the system allows. Raises SettingsError if that is not enough."""
    try:
        raise_open_files()
    except TooFewFilesError as error:
        raise SettingsError(str(error)) from None


def _watch(
    services: list[_Service],
    stop: threading.Event,
    api_path: Path,
    on_ready: Callable[[dict[str, str]], None],
    policy_file: PolicyFile,
) -> None:
    ready = False
    while not stop.is_set():
        wait([service.process.sentinel for service in services], timeout=0.1)
        for service in services:
            if not service.process.is_alive() and not stop.is_set():
                service.restart()
        refused = policy_file.refused
        policy = policy_file.changed()
        for service in services:
            if policy is not None:
                service.send(policy)
            if policy_file.refused != refused:
                service.send(policy_file.refused)
        if not ready and api_path.exists():
            ready = True
            endpoints = json.loads(api_path.read_text(encoding="utf-8"))
            threading.Thread(target=on_ready, args=(endpoints,), name="on-ready", daemon=True).start()


@contextlib.contextmanager
def _claim(
    settings: Settings, field: str, bind: Callable[[str, int], socket.socket] = listen
) -> Iterator[socket.socket]:
    """Bind the port of this setting, by default to listen on it. Raises SettingsError, which names the setting."""
    port = getattr(settings, field)
    deadline = time.monotonic() + _PORT_PATIENCE
    while True:
        try:
            listener = bind(settings.host, port)
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


def _url(host: str, listener: socket.socket, tls: Tls | None = None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{listener.getsockname()[1]}"
