"""The machine's clock jumps by a day and back: nothing is lost, doubled or delayed."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from instance import Instance
from load import Load, assert_each_once

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "a key of payments"
_SOURCE = Path(__file__).with_name("clock.c")

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler for a clock that can be set")


@pytest.fixture
def set_clock(tmp_path: Path) -> Callable[[int], None]:
    """Return a function that sets the clock of processes that read `clock` to an offset in seconds."""

    def set_to(seconds: int) -> None:
        new = tmp_path / "clock.new"
        new.write_text(f"{seconds}\n")
        new.replace(tmp_path / "clock")

    set_to(0)
    return set_to


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """Return an instance with limits and dates. The engine keeps the right clock, like a server on another machine."""
    key = {
        "name": "payments",
        "sha256": hashlib.sha256(KEY.encode()).hexdigest(),
        "expires": "2099-01-01",
        "spans_per_second": 5_000,
        "mib_per_day": 1_000,
    }
    (tmp_path / "spanledger.yaml").write_text(yaml.safe_dump({"ingest_keys": [key]}))
    library = tmp_path / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
    return Instance(tmp_path / "data", settings={"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(tmp_path / "clock")})


@pytest.mark.timeout(600)
def test_a_clock_that_is_set_under_load_loses_and_doubles_nothing(
    instance: Instance, set_clock: Callable[[int], None]
) -> None:
    headers = {"x-spanledger-key": KEY}
    instance.start("collect")
    try:
        load = Load(instance, patient=True, **headers)
        load.until(200)
        for seconds in (86_400, 82_800, 8 * 86_400, 0):
            sent = load.last
            set_clock(seconds)
            load.until(len(load.acknowledged) + 200)
            assert instance.send(sent, **headers).status_code == 200, "an exporter did not hear of the answer"
            instance.whole()
            os.kill(instance.by_role()["worker"], signal.SIGKILL)  # nor may who starts it again wait for the clock
        load.until(len(load.acknowledged) + 200)
        acknowledged = load.stop()
        instance.whole()
        assert_each_once(instance, acknowledged)
    finally:
        instance.stop()
