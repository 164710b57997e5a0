"""A real door: its own process, a real socket, a real spool."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx

from collector.door import run_door
from collector.processes import SPAWN
from collector.seal import Seal, load_or_create_key
from collector.spool import Spool

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from collector.settings import Settings
    from schema.policy import Policy


class Door:
    """A door and what its supervisor does: it holds the listening socket, starts, stops and kills."""

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self.settings = settings
        self._policy = policy
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: SpawnProcess
        self._spools: list[Spool] = []
        self.start()

    def start(self) -> None:
        self.process = SPAWN.Process(target=run_door, args=(self.settings, self._policy, self._listener))
        self.process.start()
        httpx.get(f"{self.url}/healthz", timeout=60)  # waits in the queue of the socket until the door takes it

    def stop(self) -> int | None:
        self.process.terminate()
        self.process.join(15)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def open_spool(self) -> Spool:
        seal = Seal(load_or_create_key(self.settings.key_path, None))
        spool = Spool(self.settings.spool_path, seal, max_bytes=1 << 40)
        self._spools.append(spool)
        return spool

    def close(self) -> None:
        self.kill()
        self._listener.close()
        for spool in self._spools:
            spool.close()
