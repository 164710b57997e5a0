"""The store goes away under load and comes back: the door never notices, and nothing is lost or doubled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from clickhouse_double import ClickHouseDouble
from instance import Instance
from load import Load

from schema.store import Store

if TYPE_CHECKING:
    from pathlib import Path

_AWAY = 15.0  # seconds


@pytest.mark.timeout(300)
def test_a_store_that_was_away_has_everything_once(tmp_path: Path, store: Store, store_path: str) -> None:
    database = f"away_{uuid4().hex}"
    store.command(f"CREATE DATABASE {database}")
    double = ClickHouseDouble(store_path)
    url = f"clickhouse://default:secret@127.0.0.1:{double.port}/{database}"
    instance = Instance(tmp_path / "data", settings={"SPANLEDGER_STORE": url})
    try:
        with double.up():
            instance.start("collect")
            load = Load(instance)
            load.until(300)
        away_since = len(load.acknowledged)
        time.sleep(_AWAY)
        load.until(away_since + 300)
        with double.up():
            acknowledged = load.stop()
            instance.settled()
            with Store(url) as served:
                found = served.query("SELECT span_id, count() AS copies FROM spans GROUP BY span_id").to_pylist()
        copies = {row["span_id"]: row["copies"] for row in found}
        assert {span_id: copies.get(span_id) for span_id in acknowledged if copies.get(span_id) != 1} == {}
        assert set(load.answers) == {200}
    finally:
        instance.stop()
        double.close()
        store.command(f"DROP DATABASE {database}")
