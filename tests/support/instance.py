"""A real instance for tests: `spanledger up` in its own processes, with free ports and its own data directory."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow as pa

from collector.cli.render import render

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = str(Path(sys.executable).with_name("spanledger"))
PATIENCE = 90.0  # seconds; generous, for nothing here asserts a speed


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a command for this data directory."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPANLEDGER_") or "MODEL" in name}
    ours = {
        "SPANLEDGER_DATA_DIR": str(data_dir),
        "SPANLEDGER_OTLP_HTTP_PORT": "0",
        "SPANLEDGER_OTLP_GRPC_PORT": "0",
        "SPANLEDGER_DASHBOARD_PORT": "0",
        "SPANLEDGER_WORKERS": "1",
    }
    return kept | ours | settings


def command(data_dir: Path, *arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, and return its output."""
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment(data_dir, **settings),
        cwd=data_dir.parent,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )


def children(pid: int) -> list[int]:
    """Return the processes that descend from this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(status.parent.name)
            found += [child, *children(child)]
    return found


def _role(pid: int) -> str:
    """Return the role of a process, from its wait state and its parent: only the server has children."""
    try:
        command_line = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
        parent = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return ""
    if "resource_tracker" in command_line or "spawn_main" not in command_line:
        return ""
    if "spawn_main" in Path(f"/proc/{parent}/cmdline").read_text(encoding="utf-8", errors="replace"):
        return "worker"
    return "server" if children(pid) else "receiver"


@dataclass
class Instance:
    """A `spanledger up` that tests start and stop."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    endpoints: dict[str, Any] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.data_dir.with_suffix(".log")

    def start(self, *arguments: str) -> Instance:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [COMMAND, *(arguments or ("up",))],
                env=environment(self.data_dir, **self.settings),
                cwd=self.data_dir.parent,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.ready()

    def ready(self) -> Instance:
        """Wait until a server other than the known one has announced its address."""
        known = self.endpoints.get("pid")
        self.wait(lambda: self._announced().get("pid", known) != known)
        self.endpoints = self._announced()
        return self

    def whole(self) -> Instance:
        """Wait until every process runs and the server has announced its address."""
        roles = {"receiver", "server", "worker"}
        self.wait(lambda: roles <= self.by_role().keys() and self._announced().get("pid") == self.by_role()["server"])
        self.endpoints = self._announced()
        return self

    def _announced(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.data_dir / "api.json").read_text()))
        except FileNotFoundError:
            return {}

    def wait(self, until: Callable[[], bool], what: str = "the instance") -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert self.process is not None
            assert self.process.poll() is None, f"the instance ended: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"waited too long for {what}: {self.log.read_text()}"
            time.sleep(0.05)

    def send(self, body: bytes, signal_name: str = "traces", **headers: str) -> httpx.Response:
        return httpx.post(
            f"{self.endpoints['otlp_http']}/v1/{signal_name}",
            content=body,
            headers={"content-type": "application/x-protobuf"} | headers,
            trust_env=False,
            timeout=30,
        )

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """Return the rows as `spanledger sql --format json` prints them, without a process for each statement."""
        table = self._asked(statement)
        if table is None:
            done = command(self.data_dir, "sql", statement, "--format", "json", **self.settings)
            assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout if table is None else render(table, "json"))
        return rows

    def _asked(self, statement: str) -> pa.Table | None:
        """Query the API; None if no server responds, so that the command reports the problem."""
        where = self._announced()
        if "token" not in where:
            return None
        headers = {"authorization": f"Bearer {where['token']}"}
        try:
            answer = httpx.post(
                f"{where['url']}/api/sql", json={"sql": statement}, headers=headers, trust_env=False, timeout=60
            )
        except httpx.HTTPError:
            return None
        assert answer.status_code == 200, answer.text
        return pa.ipc.open_stream(io.BytesIO(answer.content)).read_all()

    def api(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.endpoints['token']}"}
        return httpx.request(
            method, self.endpoints["url"] + path, headers=headers, trust_env=False, timeout=60, **content
        )

    def settled(self) -> None:
        """Wait until the spool is empty and the rows of runs agree with their spans."""

        def is_settled() -> bool:
            status = self.api("GET", "/api/status").json()
            return not status["waiting_requests"] and status["runs_up_to_date"]

        self.wait(is_settled, "the spool to drain")

    def processes(self) -> list[int]:
        assert self.process is not None
        return [self.process.pid, *children(self.process.pid)]

    def by_role(self) -> dict[str, int]:
        """Return the running processes by role; one that is just starting may be missing."""
        assert self.process is not None
        found = {"supervisor": self.process.pid}
        for pid in children(self.process.pid):
            role = _role(pid)
            if role:
                found[role] = pid
        return found

    def kill(self) -> None:
        """Kill all processes at once, like a power cut."""
        assert self.process is not None
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)
