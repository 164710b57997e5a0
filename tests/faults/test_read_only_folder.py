"""The data directory becomes read-only: nothing is lost, and the instance recovers by itself."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from instance import Instance
from load import Load, assert_each_once

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 8.0


def _mount(*arguments: str | Path) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")


@pytest.mark.timeout(300)
def test_a_folder_that_turns_read_only_loses_nothing(tmp_path: Path) -> None:
    instance = Instance(tmp_path / "data").start("collect")
    try:
        load = Load(instance, patient=True)
        load.until(100)
        _mount("--bind", instance.data_dir, instance.data_dir)
        try:
            _mount("-o", "remount,bind,ro", instance.data_dir)
            time.sleep(_SECONDS)
        finally:
            subprocess.run(["umount", "--lazy", instance.data_dir], check=True)
        load.until(len(load.acknowledged) + 100)
        acknowledged = load.stop()
        assert set(load.answers) <= {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}
        assert_each_once(instance, acknowledged)
        assert "Traceback" not in instance.log.read_text()
    finally:
        instance.stop()
