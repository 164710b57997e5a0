"""An unusable data directory ends a command with one sentence that names the setting, its value and the fix."""

from __future__ import annotations

import resource
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from instance import COMMAND, PATIENCE, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ADVICE = {
    "is a file": "SPANLEDGER_DATA_DIR=",
    "lies in a file": "SPANLEDGER_DATA_DIR=",
    "is read-only": "SPANLEDGER_DATA_DIR=",
    "is full": "No space left",
    "has a folder as lock": "SPANLEDGER_DATA_DIR=",
    "has a folder as spool.key": "spool.key",
    "has a folder as spool.sqlite": "spool.sqlite",
    "may open few files": "ulimit -n",
}


@contextmanager
def _prepared(folder: Path, what: str) -> Iterator[Path]:
    """Create an unusable data directory of this kind; skip if no file system can be mounted."""
    data = folder / "data"
    mount = {"is read-only": "ro", "is full": "size=4k"}.get(what)
    if what == "is a file":
        data.write_text("")
    elif what == "lies in a file":
        data.write_text("")
        data /= "inside"
    elif what.startswith("has a folder as "):
        (data / what.removeprefix("has a folder as ")).mkdir(parents=True)
    elif mount:
        data.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", mount, "tmpfs", data], capture_output=True, text=True, check=False
        )
        if mounted.returncode:
            pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
        if what == "is full":
            (data / "filler").write_bytes(bytes(4096))
    yield data
    if mount:
        subprocess.run(["umount", "--lazy", data], check=True)


@pytest.mark.parametrize(("what", "advice"), _ADVICE.items())
def test_the_start_fails_with_one_sentence(tmp_path: Path, what: str, advice: str) -> None:
    few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))}
    with _prepared(tmp_path, what) as data:
        ended = subprocess.run(
            [COMMAND, "up"],
            env=environment(data),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            **(few if what == "may open few files" else {}),  # type: ignore[arg-type]
        )
    sentences = [line for line in ended.stderr.splitlines() if line.startswith("spanledger: ")]
    assert ended.returncode == 1, ended.stderr
    assert len(sentences) == 1
    assert advice in sentences[0]
    assert "Traceback" not in ended.stderr
