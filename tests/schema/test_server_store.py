"""The store against a server: the same client code over a real socket."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
import pytest
from clickhouse_double import ClickHouseDouble
from sample_runs import insert, run, trace_of

from schema.queries.run import load_run
from schema.queries.scope import EVERYTHING
from schema.runs.recompute import recompute, stale_traces
from schema.span import to_batch
from schema.store.errors import QueryFailedError, StoreUnavailableError
from schema.store.migrate import migrate
from schema.store.store import Store

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
        found = load_run(served, EVERYTHING, trace_of(7))
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


@pytest.mark.parametrize("since", ["2026-01-01 00:00:00", "2099-01-01 00:00:00"])  # and the clock was set back
def test_a_lock_whose_holder_died_is_taken_over(server: ClickHouseDouble, store: Store, since: str) -> None:
    database = f"died_{uuid4().hex}"
    store.command(f"CREATE DATABASE {database}")
    store.command(f"CREATE VIEW {database}.migrating AS SELECT toDateTime64('{since}', 3) AS since")
    with server.up(), Store.open(f"clickhouse://default:secret@127.0.0.1:{server.port}/{database}") as served:
        assert served.query("SELECT count() AS n FROM spans").to_pylist() == [{"n": 0}]


def test_an_embedded_store_does_not_wait_for_whoever_was_killed_in_a_migration(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.store.migrate._ABANDONED_SECONDS", 0.1)
    newest = store.command("SELECT max(name) FROM schema_migrations")
    store.command("DELETE FROM schema_migrations WHERE name = {name:String}", {"name": newest})
    store.command("CREATE VIEW migrating AS SELECT now64(3) AS since")
    with ThreadPoolExecutor(1) as starting:
        assert starting.submit(migrate, store).result(timeout=30) == [newest]


def test_a_shard_that_is_down_is_away_and_refuses_nothing(store: Store) -> None:
    shard = f"down_{uuid4().hex}"
    store.command(f"CREATE TABLE {shard} (a UInt64) AS remote('127.0.0.1:1|127.0.0.1:2', currentDatabase(), 'spans')")
    try:
        with pytest.raises(StoreUnavailableError):
            store.insert(shard, pa.table({"a": pa.array([1], pa.uint64())}), token=uuid4().hex)
        with pytest.raises(StoreUnavailableError):
            store.query(f"SELECT a FROM {shard}")
    finally:
        store.command(f"DROP TABLE {shard}")


def test_collectors_with_different_clocks_and_halves_of_a_run_agree(
    server: ClickHouseDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's clock says which version of a run is the newest, and which run is older than its spans."""
    with server.up(), Store.open(url(server)) as one, Store.open(url(server)) as other:
        spans, real = run(10, START), time.time_ns
        monkeypatch.setattr("time.time_ns", lambda: real() + 3600 * 10**9)
        insert(one, spans[:3])
        monkeypatch.setattr("time.time_ns", real)
        other.insert("spans", to_batch(spans[3:]), token=uuid4().hex)
        assert trace_of(10) in stale_traces(one)
        with ThreadPoolExecutor(2) as both:
            list(both.map(lambda store: recompute(store, [trace_of(10)]), [one, other] * 4))
        assert trace_of(10) not in stale_traces(one)
        found = load_run(other, EVERYTHING, trace_of(10))
    assert found is not None
    assert (found.span_count, found.cost_usd) == (len(spans), sum(span.cost_usd for span in spans if span.cost_usd))


def test_runs_that_two_collectors_store_at_once_are_one_session(server: ClickHouseDouble) -> None:
    with server.up(), Store.open(url(server)) as one, Store.open(url(server)) as other:
        for number in range(20, 32, 2):
            pair = [
                [replace(span, team="t", session_id=f"at once {number}") for span in run(number + more, START)]
                for more in (0, 1)
            ]
            with ThreadPoolExecutor(2) as both:
                list(both.map(insert, [one, other], pair))
        firsts = one.query(
            "SELECT uniqExact(first_trace_id) AS n FROM runs FINAL WHERE startsWith(session_id, 'at once')"
            " GROUP BY session_id HAVING count() = 2"
        )
    assert firsts.column("n").to_pylist() == [1] * 6
