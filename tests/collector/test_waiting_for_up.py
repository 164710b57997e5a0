"""Commands wait for a starting instance; commands that only read create nothing."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from instance import COMMAND, Instance, environment

from collector.api import client
from collector.cli.main import main
from collector.settings import Settings, SettingsError
from schema.store.store import NothingStoredError, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Done(NamedTuple):
    code: int
    output: str
    error: str


READING = [
    ("sql", "SELECT 1"),
    ("ledger",),
    ("quarantine", "list"),
    ("quarantine", "retry", "--all"),
    ("purge", "--user", "someone", "--yes"),
    ("reprice", "--from", "2026-11-01", "--to", "2026-11-02"),
]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a data directory that a process has locked, as an instance does from its start."""
    settings = Settings(data_dir=tmp_path)
    descriptor = os.open(settings.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield settings
    os.close(descriptor)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Return a function that runs a command for a data directory that is not there, in this process."""
    monkeypatch.setenv("SPANLEDGER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("SPANLEDGER_STORE", raising=False)
    monkeypatch.chdir(tmp_path)

    def done(*arguments: str) -> Done:
        monkeypatch.setattr("sys.argv", ["spanledger", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return done


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_commands_that_read_create_nothing(
    run: Callable[..., Done], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run(*arguments)
    assert done.code == 1
    assert str(tmp_path / "data") in done.error
    assert "SPANLEDGER_DATA_DIR" in done.error
    assert len(done.error.splitlines()) == 1
    assert done.output == ""
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_creates_nothing(run: Callable[..., Done], tmp_path: Path) -> None:
    done = run("doctor")
    assert f"✓ store: none yet for {tmp_path / 'data'}" in done.output
    assert f"✓ data directory: {tmp_path / 'data'} will be created" in done.output
    assert "not proven here yet" in done.output
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(NothingStoredError, match=str(tmp_path)):
        Store.open(f"chdb://{tmp_path}", create=False)
    assert list(tmp_path.iterdir()) == []


def test_commands_do_not_wait_if_no_instance_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert client.running(Settings(data_dir=tmp_path)) is None
    (tmp_path / "lock").touch()  # left by an instance that has ended
    assert client.running(Settings(data_dir=tmp_path)) is None
    assert capsys.readouterr().err == ""


def test_a_command_waits_only_as_long_as_announced(held: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingsError, match=f"the instance in {held.data_dir} has not answered for 1 s"):
        client.running(held, seconds=1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"starts in {held.data_dir}: waiting for at most 1 s" in lines[0]


def test_a_command_goes_on_alone_when_what_was_starting_ends(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    descriptor = os.open(settings.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    ending = threading.Timer(0.5, os.close, [descriptor])
    ending.start()
    assert client.running(settings, seconds=60) is None
    ending.join()


def test_a_dashboard_alone_is_not_waited_for(held: Settings) -> None:
    held.api_path.write_text(json.dumps({"dashboard": "http://127.0.0.1:1", "pid": 1}))
    assert client.running(held) is None


def test_commands_that_come_while_up_starts_wait_and_work(tmp_path: Path) -> None:
    data = tmp_path / "data"
    started = Instance(data)
    with started.log.open("ab") as log:
        started.process = subprocess.Popen(
            [COMMAND, "up"], env=environment(data), cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
    try:
        started.wait((data / "lock").exists, "the lock")
        asked = [("sql", "SELECT 1 AS one", "--format", "csv"), ("ledger",)]
        with_pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        commands = [
            subprocess.Popen([COMMAND, *arguments], env=environment(data), cwd=tmp_path, **with_pipes)
            for arguments in asked
        ]
        answers = [each.communicate(timeout=180) for each in commands]
        assert [each.returncode for each in commands] == [0, 0], answers
        assert answers[0][0].split() == ["one", "1"]
        assert "Nothing was received" in answers[1][0]
        assert all(f"starts in {data}: waiting" in error.splitlines()[0] for _, error in answers), answers
        assert len(answers[0][1].splitlines()) == 1
    finally:
        started.stop()
