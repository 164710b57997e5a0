"""A full disk: requests are refused, nothing is corrupted, and the instance recovers by itself."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest
from instance import Instance
from load import Load, assert_each_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIZE = "256m"
_RESERVE = 48 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the mount point of a small file system in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def log_of(instance: Instance) -> str:
    return instance.log.read_text()


@pytest.mark.timeout(300)
def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    reserve = {"SPANLEDGER_DISK_RESERVE_BYTES": str(_RESERVE)}
    instance = Instance(small_disk / "data", settings=reserve).start("collect")
    try:
        load = Load(instance, patient=True)
        load.until(200)
        with (small_disk / "filler").open("wb", buffering=0) as filler:
            while shutil.disk_usage(small_disk).free > _RESERVE // 2:
                filler.write(bytes(1 << 16))
            instance.wait(lambda: "storing stops" in log_of(instance), "the writer to stop")
            with pytest.raises(OSError, match="No space left"):  # noqa: PT012
                while True:
                    filler.write(bytes(1 << 12))
        refused = load.answers[httpx.codes.SERVICE_UNAVAILABLE]
        instance.wait(lambda: load.answers[httpx.codes.SERVICE_UNAVAILABLE] > refused + 3, "a refusal")
        (small_disk / "filler").unlink()
        load.until(len(load.acknowledged) + 200)
        acknowledged = load.stop()
        assert set(load.answers) <= {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}
        assert_each_once(instance, acknowledged)
        assert "storing goes on" in log_of(instance)
    finally:
        instance.stop()
