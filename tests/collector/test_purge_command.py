"""`spanledger purge`, with a running instance and without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request
from instance import Instance, command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    started = Instance(tmp_path / "data").start("collect")
    yield started
    started.stop()


def test_a_persons_runs_go_after_a_question(instance: Instance) -> None:
    for user in ("u-1", "u-1", "u-2"):
        body, _ = run_request(["Where is it?"], **{"user.id": user})
        assert instance.send(body).status_code == 200
    instance.settled()
    refused = command(instance.data_dir, "purge", "--user", "u-1", stdin="n\n")
    assert refused.returncode == 1
    assert "Delete 2 runs with 4 spans and 0 log records?" in refused.stdout
    assert instance.sql("SELECT count() AS n FROM runs FINAL") == [{"n": 3}]
    done = command(instance.data_dir, "purge", "--user", "u-1", stdin="y\n")
    assert done.stdout.endswith("Deleted 2 runs with 4 spans and 0 log records.\n")
    assert command(instance.data_dir, "purge", "--user", "u-1", "--yes").stdout == "Nothing is stored of this user.\n"
    instance.stop()
    assert command(instance.data_dir, "purge", "--user", "u-2", "--yes").stdout.startswith("Deleted 1 run with")
    assert instance.sql("SELECT by, runs FROM purges ORDER BY at") == [
        {"by": "user", "runs": 2},
        {"by": "user", "runs": 1},
    ]


def test_what_to_delete_is_named_once(tmp_path: Path) -> None:
    done = command(tmp_path / "data", "purge", "--user", "u", "--trace", "t")
    assert (done.returncode, done.stderr) == (2, "spanledger: give one of --user, --session and --trace\n")
