"""`spanledger ledger` and `spanledger quarantine`, through a running instance and alone."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from agent_runs import run_request
from instance import Instance, command

from collector.settings import Settings
from collector.spool.spool import Incoming, open_spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collector.spool.spool import Spool

BROKEN = b"\xff no protobuf"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory; its spool has one good request and one that fails in every worker."""
    spool = spool_of(tmp_path / "data")
    body, ids = run_request(["What is new?"])
    good, bad = Incoming("traces", body, "a", "payments", len(ids)), Incoming("traces", BROKEN, "b", "support", 5)
    spool.append([good, bad, good])
    spool.close()
    return tmp_path / "data"


@pytest.fixture
def instance(data_dir: Path) -> Iterator[Instance]:
    started = Instance(data_dir).start("collect")
    yield started
    started.stop()


def spool_of(data_dir: Path) -> Spool:
    return open_spool(Settings.model_validate({"data_dir": data_dir}))


def listed(data_dir: Path, *arguments: str) -> list[dict[str, Any]]:
    done = command(data_dir, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_running_instance_answers_from_its_own_ledger(instance: Instance) -> None:
    instance.settled()
    instance.send(b"\xff")
    found = {row["key"]: row for row in listed(instance.data_dir, "ledger", "--since", "1h")}
    assert (found["payments"]["received"], found["payments"]["deduplicated"], found["payments"]["stored"]) == (4, 2, 2)
    assert (found["support"]["accepted"], found["support"]["quarantined"]) == (5, 5)
    summary = command(instance.data_dir, "ledger", "--by", "signal").stderr
    assert "It adds up: 7 accepted = 2 stored + 0 waiting + 5 quarantined." in summary
    (aside,) = listed(instance.data_dir, "quarantine", "list")
    assert (aside["key_name"], aside["spans"], aside["reason"]) == ("support", 5, "DecodeError")
    done = command(instance.data_dir, "quarantine", "retry", str(aside["id"]))
    assert done.stdout == "1 requests wait to be stored again.\n"
    instance.wait(lambda: bool(listed_or_none(instance)), "the second quarantine")
    done = command(instance.data_dir, "quarantine", "drop", "--all", "--yes")
    assert done.stdout == "1 requests were dropped.\n"
    assert command(instance.data_dir, "quarantine", "list").stdout == "Nothing is quarantined.\n"
    summary = command(instance.data_dir, "ledger").stderr
    assert "It adds up: 7 accepted = 2 stored + 0 waiting + 0 quarantined + 5 dropped." in summary


def listed_or_none(instance: Instance) -> str:
    output = command(instance.data_dir, "quarantine", "list").stdout
    return "" if output.startswith("Nothing") else output


def test_it_adds_up_after_the_server_is_killed(instance: Instance) -> None:
    for number in range(20):
        assert instance.send(run_request([f"Where is parcel {number}?"])[0]).status_code == 200
        if number == 10:
            os.kill(instance.endpoints["pid"], signal.SIGKILL)
    instance.ready()
    instance.settled()
    (row,) = listed(instance.data_dir, "ledger", "--by", "signal")
    rows = instance.sql("SELECT count() AS n FROM spans")[0]["n"]
    assert row["accepted"] == row["stored"] + row["quarantined"] == rows + 5


def test_alone_the_commands_work_on_the_files(data_dir: Path) -> None:
    found = {row["key"]: row for row in listed(data_dir, "ledger")}
    assert (found["payments"]["waiting"], found["support"]["waiting"]) == (2, 5)
    assert command(data_dir, "quarantine", "list").stdout == "Nothing is quarantined.\n"
    done = command(data_dir, "quarantine", "drop", "7", "--yes")
    assert (done.returncode, done.stderr) == (1, "spanledger: not quarantined: 7\n")
    done = command(data_dir, "quarantine", "retry")
    assert (done.returncode, "--all" in done.stderr) == (1, True)
    done = command(data_dir, "ledger", "--since", "yesterday")
    assert (done.returncode, "--since must be an age" in done.stderr) == (1, True)
