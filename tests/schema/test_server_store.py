"""The store against a server: the same client code over a real socket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from clickhouse_double import ClickHouseDouble
from sample_runs import insert, run, trace_of

from schema.migrate import migrate
from schema.queries.run import load_run
from schema.span import to_batch
from schema.store import QueryFailedError, Store, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def server(store: Store, store_path: str) -> Iterator[ClickHouseDouble]:
    store.command("CREATE DATABASE IF NOT EXISTS served")
    double = ClickHouseDouble(store_path)
    yield double
    double.close()


def url(server: ClickHouseDouble) -> str:
    return f"clickhouse://default:secret@127.0.0.1:{server.port}/served"


def test_migrations_inserts_and_queries_work_over_http(server: ClickHouseDouble) -> None:
    with server.up(), Store.open(url(server)) as served:
        assert migrate(served) == []
        spans = run(7, START)
        insert(served, spans)
        found = load_run(served, trace_of(7))
        assert found is not None
        assert found.span_count == len(spans)
        assert served.query_read_only("SELECT count() AS n FROM spans").to_pylist() == [{"n": len(spans)}]


def test_a_repeated_insert_with_the_same_token_is_dropped(server: ClickHouseDouble) -> None:
    with server.up(), Store.open(url(server)) as served:
        spans, token = run(8, START), uuid4().hex
        for _ in range(2):
            served.insert("spans", to_batch(spans), token=token)
        stored = served.query("SELECT count() AS n FROM spans WHERE trace_id = {t:String}", {"t": trace_of(8)})
        assert stored.to_pylist() == [{"n": len(spans)}]


def test_a_server_that_is_away_is_said_and_comes_back(server: ClickHouseDouble) -> None:
    with pytest.raises(StoreUnavailableError):
        Store.open(url(server))
    with server.up():
        served = Store.open(url(server))
    with pytest.raises(StoreUnavailableError):
        served.query("SELECT 1")
    with server.up():
        assert served.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]
        with pytest.raises(QueryFailedError):
            served.query("SELECT no_such_column FROM spans")
        served.close()


def test_a_store_url_that_cannot_be_is_refused() -> None:
    for bad in ("http://127.0.0.1", "chdb://", "/tmp/store"):
        with pytest.raises(StoreUnavailableError):
            Store.open(bad)


def test_collectors_that_start_together_migrate_once(server: ClickHouseDouble, store: Store) -> None:
    database = f"together_{uuid4().hex}"
    store.command(f"CREATE DATABASE {database}")
    address = f"clickhouse://default:secret@127.0.0.1:{server.port}/{database}"
    with server.up(), ThreadPoolExecutor(4) as starting:
        opened = list(starting.map(Store.open, [address] * 4))
        applied = opened[0].query("SELECT name, count() AS times FROM schema_migrations GROUP BY name").to_pylist()
        left = opened[0].query("SELECT name FROM system.tables WHERE name = 'migrating'").num_rows
        for one in opened:
            one.close()
    assert applied
    assert {row["times"] for row in applied} == {1}
    assert left == 0


def test_a_lock_whose_holder_died_is_taken_over(server: ClickHouseDouble, store: Store) -> None:
    database = f"died_{uuid4().hex}"
    store.command(f"CREATE DATABASE {database}")
    store.command(f"CREATE TABLE {database}.migrating ENGINE = Memory AS SELECT now64(3) - 3600 AS since")
    with server.up(), Store.open(f"clickhouse://default:secret@127.0.0.1:{server.port}/{database}") as served:
        assert served.query("SELECT count() AS n FROM spans").to_pylist() == [{"n": 0}]
