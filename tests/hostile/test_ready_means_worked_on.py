"""`/readyz` is 200 only if a body would be decoded, written to disk and processed by running processes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import threading
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aftermath import assert_unharmed
from instance import Instance
from own_thread import in_own_thread
from running_receiver import one_span

from collector import heartbeat
from collector.heartbeat import beat, server_problem
from collector.keys.ingest_keys import IngestKeys
from collector.pipeline.worker_health import WorkerHealth
from collector.receivers import readiness as asked
from collector.receivers.decoders import THREADS
from collector.receivers.readiness import Readiness
from collector.receivers.reception import Reception
from collector.spool.seal import Seal
from collector.spool.spool import Spool
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def reception(tmp_path: Path) -> Iterator[Reception]:
    spool = Spool(tmp_path / "spool.sqlite", Seal(bytes(32)), max_bytes=1 << 30)
    reception = Reception(spool, IngestKeys(Policy()))
    beat(tmp_path / "heartbeat.json")
    with reception.running():
        yield reception
    spool.close()


def problem(reception: Reception, path: Path) -> str:
    async def ask() -> str:
        return await Readiness(reception, path / "heartbeat.json").problem()

    return in_own_thread(asyncio.run, ask())


def test_it_is_ready_when_everything_works(reception: Reception, tmp_path: Path) -> None:
    assert problem(reception, tmp_path) == ""
    assert not list(tmp_path.glob("tmp*")), "what it tries the disk with is gone"


def test_it_is_not_ready_while_the_decoders_are_busy(
    reception: Reception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.receivers.decoders.WAIT_SECONDS", 0.2)
    go_on = threading.Event()

    async def attack() -> None:
        readiness = Readiness(reception, tmp_path / "heartbeat.json")
        held = [
            asyncio.create_task(reception.decoders.run(str(number), partial(go_on.wait, 60)))
            for number in range(THREADS)
        ]
        await asyncio.sleep(0.1)
        assert await readiness.problem() == "every decoder is busy"
        go_on.set()
        await asyncio.gather(*held)
        await asyncio.sleep(1.1)  # it is looked at once a second
        assert await readiness.problem() == ""

    in_own_thread(asyncio.run, attack())


def test_it_is_not_ready_while_the_spool_does_not_respond(
    reception: Reception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "_STUCK_SECONDS", 0.2)
    go_on = threading.Event()
    monkeypatch.setattr(reception.spool, "check", partial(go_on.wait, 60))

    async def attack() -> None:
        readiness = Readiness(reception, tmp_path / "heartbeat.json")
        for _ in range(2):
            assert await readiness.problem() == "the spool does not answer"
        go_on.set()

    in_own_thread(asyncio.run, attack())


def test_it_is_not_ready_if_the_largest_body_would_be_refused(
    reception: Reception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=20 << 20))
    assert problem(reception, tmp_path) == "the spool's disk has 20 MiB left, and a body may need 64"


def test_it_is_not_ready_if_an_ordinary_file_has_no_room(
    reception: Reception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(27, "File too large")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert problem(reception, tmp_path) == "the spool's disk does not take 2 MiB (File too large)"


def test_the_heartbeat_shows_a_running_server(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    assert server_problem(path) == "the server has not started yet"
    beat(path)
    assert server_problem(path) == ""
    assert path.stat().st_mode & 0o777 == 0o600
    for offset in (-60, 60):  # it is stuck; the clock was set back
        os.utime(path, (time.time() + offset,) * 2)
        assert server_problem(path) == "the server has not answered for 60 s"
    beat(path, "a worker is stopped")
    assert server_problem(path) == "a worker is stopped"
    path.write_text(json.dumps({"pid": 2**22 + 1}))
    assert server_problem(path) == "the server has ended and is being started again"
    for content in ("", "[]", "{", '{"pid": "x"}'):
        path.write_text(content)
        assert server_problem(path) == "the server has not started yet"
    assert heartbeat.BEAT_SECONDS * 5 < heartbeat.STALE_SECONDS


def test_workers_without_progress_are_reported_and_busy_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.pipeline.worker_health.PATIENCE_SECONDS", 0)
    child: Any = SimpleNamespace(name="worker", pid=1)
    monkeypatch.setattr("multiprocessing.active_children", lambda: [child])
    seen = {"state": "S", "ticks": 0}
    monkeypatch.setattr("collector.pipeline.worker_health._state", lambda _: (seen["state"], seen["ticks"]))
    pool: Any = SimpleNamespace(warm=True, unanswered=0)
    health = WorkerHealth(pool)
    assert [health.problem(), health.problem()] == ["", ""], "idle"
    pool.unanswered = 1
    assert health.problem() == "the workers have a request and do not work on it"
    seen["ticks"] = 7
    assert health.problem() == "", "busy for as long as it takes"
    pool.warm = False
    assert health.problem() == "a worker has not loaded its model"
    seen["state"] = "T"
    assert health.problem() == "a worker is stopped"


def ready(instance: Instance) -> tuple[int, str]:
    answer = httpx.get(f"{instance.endpoints['otlp_http']}/readyz", trust_env=False, timeout=30)
    return answer.status_code, answer.json()["status"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("role", "reason"), [("server", "the server has not answered for"), ("worker", "a worker is stopped")]
)
def test_an_instance_of_which_a_process_is_stopped_is_not_ready(attacked: Instance, role: str, reason: str) -> None:
    attacked.wait(lambda: ready(attacked) == (200, "ready"), "readiness")
    pid = attacked.by_role()[role]
    os.kill(pid, signal.SIGSTOP)
    try:
        attacked.wait(lambda: ready(attacked)[0] == 503, "an instance that is not ready")
        assert ready(attacked)[1].startswith(reason)
        assert attacked.send(one_span(800)).status_code == 200, "the receiver stays open"
    finally:
        os.kill(pid, signal.SIGCONT)
    attacked.wait(lambda: ready(attacked) == (200, "ready"), "readiness")
    assert_unharmed(attacked)


@pytest.mark.timeout(300)
def test_it_is_ready_only_after_commands_can_reach_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    instance = Instance(tmp_path / "data", {"SPANLEDGER_OTLP_HTTP_PORT": str(port)})
    (tmp_path / "data").mkdir()
    beat(tmp_path / "data" / "heartbeat.json")  # of an earlier server, under a number that is in use again
    thread = threading.Thread(target=instance.start)
    thread.start()
    seen: list[str] = []
    deadline = time.monotonic() + 120
    while "ready" not in seen:
        assert time.monotonic() < deadline
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=10)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        seen.append(answer.json()["status"])
        if answer.status_code == 200:
            assert (tmp_path / "data" / "api.json").exists()
    thread.join()
    try:
        assert "the server has not started yet" in seen
        assert instance.api("GET", "/api/status").status_code == 200
    finally:
        instance.stop()
