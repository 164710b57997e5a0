"""The store is slow, unavailable under load, and back: exporters see no error, and nothing is lost or doubled."""

from __future__ import annotations

import os
import re
import threading
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from clickhouse_double import ClickHouseDouble
from instance import Instance
from load import Load, assert_each_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schema.store.store import Store

AWAY = float(os.environ.get("FAULT_OUTAGE", "15"))  # seconds; `make faults` takes 180
_SLOW = 1.5  # seconds that an insert takes
_LATE = 2.5  # seconds until rows are stored of which the writer heard that they were not
_OF_SPANS = re.compile(r"\s*INSERT INTO\s+\S*\bspans\b", re.IGNORECASE)


class SlowServer(ClickHouseDouble):
    """A server that can respond late, or store rows after the proxy in front of it has timed out."""

    slow = False
    given_up = 0
    """Number of the next inserts of spans to store late."""

    def _run(self, options: dict[str, str], body: bytes) -> bytes:
        if _OF_SPANS.match(options.get("query", "")):
            if self.given_up:
                self.given_up -= 1
                threading.Timer(_LATE, super()._run, (options, body)).start()
                raise RuntimeError("504 Gateway Time-out")
            if self.slow:
                time.sleep(_SLOW)
        return super()._run(options, body)


@pytest.fixture
def server(store: Store, store_path: str) -> Iterator[tuple[SlowServer, str]]:
    """Return a server that is not started yet, and the URL of a new database in it."""
    database = f"away_{uuid4().hex}"
    store.command(f"CREATE DATABASE {database}")
    double = SlowServer(store_path)
    yield double, f"clickhouse://default:secret@127.0.0.1:{double.port}/{database}"
    double.close()
    store.command(f"DROP DATABASE {database}")


@pytest.mark.timeout(600 + 4 * AWAY)
def test_a_store_that_was_slow_and_away_has_everything_once(tmp_path: Path, server: tuple[SlowServer, str]) -> None:
    double, url = server
    instance = Instance(tmp_path / "data", settings={"SPANLEDGER_STORE": url})
    try:
        with double.up():
            instance.start("collect")
            loads = [Load(instance) for _ in range(2)]
            double.slow = True
            loads[0].until(600)
        away_since = time.monotonic()
        while time.monotonic() - away_since < AWAY:
            loads[0].until(len(loads[0].acknowledged) + 100)
        waiting = instance.api("GET", "/api/status").json()["waiting_spans"]
        with double.up():
            loads[0].until(len(loads[0].acknowledged) + 300)
            double.slow = False
            acknowledged = [span_id for load in loads for span_id in load.stop()]
            print(f"{waiting} spans waited after {AWAY} s, {len(acknowledged)} were acknowledged")  # noqa: T201
            assert_each_once(instance, acknowledged)
        assert [set(load.answers) for load in loads] == [{200}, {200}]
    finally:
        instance.stop()


def test_rows_that_a_server_stores_after_all_are_there_once(tmp_path: Path, server: tuple[SlowServer, str]) -> None:
    double, url = server
    instance = Instance(tmp_path / "data", settings={"SPANLEDGER_STORE": url})
    try:
        with double.up():
            instance.start("collect")
            load = Load(instance)
            for _ in range(3):
                load.until(len(load.acknowledged) + 200)
                double.given_up = 1
                instance.wait(lambda: not double.given_up, "an insert")
                time.sleep(_LATE)
            acknowledged = load.stop()
            assert_each_once(instance, acknowledged)
    finally:
        instance.stop()
