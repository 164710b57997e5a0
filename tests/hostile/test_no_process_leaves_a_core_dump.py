"""No process writes a core dump, because its memory may hold raw text."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from instance import COMMAND, environment

if TYPE_CHECKING:
    from instance import Instance

NOTHING = ["0", "0", "00000000"]


def _dumps(pid: int) -> list[str]:
    """Return the core dump settings of a process: the two size limits, and the filter of memory."""
    limits = Path(f"/proc/{pid}/limits").read_text()
    (line,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    return [*line.split()[4:6], Path(f"/proc/{pid}/coredump_filter").read_text().strip()]


def test_every_process_of_an_instance(attacked: Instance) -> None:
    attacked.whole()
    assert {pid: _dumps(pid) for pid in attacked.processes()} == dict.fromkeys(attacked.processes(), NOTHING)


@pytest.mark.parametrize("arguments", [("redact",), ("ingest", "/dev/stdin")])
def test_a_command_that_reads_raw_text(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [COMMAND, *arguments],
        env=environment(tmp_path / "data"),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        found: list[str] = []
        while process.poll() is None and found != NOTHING:
            found = _dumps(process.pid)
        process.kill()
    assert found == NOTHING
