from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from clickhouse_double import ClickHouseDouble

from schema.maintenance.changes import Repriced
from schema.maintenance.reprice import REPRICING_SCHEMA, reprice
from schema.policy.policy import ModelPrice, Policy
from schema.pricing.prices import Prices
from schema.queries.costs import by_group
from schema.queries.filters import Filter
from schema.queries.run import load_run
from schema.queries.scope import EVERYTHING
from schema.runs.recompute import recompute, stale_traces
from schema.span import Span, to_batch
from schema.store.errors import QueryFailedError
from schema.store.store import Store

DAY = datetime(2026, 11, 2, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
SECOND = 10**9
OLD, OTHER = "0af7651916cd43dd8448eb211c80319c", "1" * 32
PER_SECOND = Prices([ModelPrice(model="our-llama", per_second=Decimal("0.002"))])
BY_TOKEN = Prices([ModelPrice(model="our-llama", input_per_million=Decimal(1), output_per_million=Decimal(2))])
POLICY = Policy()


def span(span_id: str, at: datetime = DAY, parent: str = "f0", **more: Any) -> Span:
    start = int(at.timestamp()) * SECOND + 5
    defaults: dict[str, Any] = {"kind": "llm", "model": "our-llama", "duration_ns": 3 * SECOND, "team": "payments"}
    stored: dict[str, Any] = {"trace_id": OLD, "received_at": start, "retain_until": 60_000}
    return Span(span_id=span_id, parent_span_id=parent, start_time=start, **stored | defaults | more)


def root(at: datetime = DAY, **more: Any) -> Span:
    return span("f0", at, "", kind="agent", model="", **more)


def put(store: Store, *spans: Span) -> None:
    store.insert("spans", to_batch(list(spans)), token=uuid4().hex)
    recompute(store, sorted({one.trace_id for one in spans}))


def costs(store: Store) -> dict[str, tuple[Decimal | None, str]]:
    rows = store.query("SELECT span_id, cost_usd, cost_source FROM spans ORDER BY span_id").to_pylist()
    return {row["span_id"]: (row["cost_usd"], row["cost_source"]) for row in rows}


def run_cost(store: Store, trace_id: str = OLD) -> tuple[Decimal | None, int]:
    run = load_run(store, EVERYTHING, trace_id)
    assert run is not None
    return run.cost_usd, run.unpriced_calls


@pytest.fixture
def ledger(empty_store: Store) -> Store:
    empty_store.command("TRUNCATE TABLE repricings")
    return empty_store


def records(store: Store) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.query("SELECT * FROM repricings ORDER BY at").to_pylist()
    return rows


def test_a_new_price_reaches_spans_runs_and_the_record(ledger: Store) -> None:
    counts: dict[str, Any] = {"input_tokens": 1000, "output_tokens": 100}
    put(ledger, root(), span("a1", **counts), span("b1"))
    assert run_cost(ledger) == (None, 2)

    assert reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY) == Repriced(2, 2, None, Decimal("0.012"))
    assert costs(ledger) == {
        "a1": (Decimal("0.006"), "override"),
        "b1": (Decimal("0.006"), "override"),
        "f0": (None, ""),
    }
    assert run_cost(ledger) == (Decimal("0.012"), 0)

    # By token one call is 1,000 at 1 and 100 at 2 USD a million; the other says no tokens, and NULL is not zero.
    assert reprice(ledger, BY_TOKEN, DAY, NEXT, policy=POLICY) == Repriced(2, 2, Decimal("0.012"), Decimal("0.0012"))
    assert costs(ledger)["b1"] == (None, "")
    assert run_cost(ledger) == (Decimal("0.0012"), 1)

    first, second = records(ledger)
    assert (first["calls"], first["changed"], first["before_usd"], first["after_usd"]) == (2, 2, None, Decimal("0.012"))
    assert (first["start_time"], first["end_time"], first["team"]) == (DAY, NEXT, "")
    assert json.loads(first["overrides"]) == [{"model": "our-llama", "per_second": "0.002"}]
    assert second["price_list"] == BY_TOKEN.public_source
    assert second["at"] > first["at"]


def test_what_the_record_says_is_what_the_cost_pages_say(ledger: Store) -> None:
    counts: dict[str, Any] = {"input_tokens": 1000, "output_tokens": 100}
    wrapper = span("w1", **counts, cost_usd=Decimal(9), cost_source="override")
    put(ledger, root(), wrapper, span("a1", parent="w1", **counts), span("d1", status="error", **counts))
    done = reprice(ledger, BY_TOKEN, DAY, NEXT, policy=POLICY)
    assert done == Repriced(2, 2, None, Decimal("0.0012"))  # not the wrapper; the failed call has a price of its own
    rows = by_group(ledger, EVERYTHING, Filter(DAY, NEXT), by="model").to_pylist()
    assert sum(row["cost_usd"] for row in rows) == run_cost(ledger)[0] == done.after


def test_prices_that_did_not_change_write_nothing_but_the_record(ledger: Store) -> None:
    put(ledger, root(), span("a1"))
    reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY)
    before = ledger.query("SELECT * FROM spans ORDER BY span_id")
    assert reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY) == Repriced(1, 0, Decimal("0.006"), Decimal("0.006"))
    assert ledger.query("SELECT * FROM spans ORDER BY span_id").equals(before)
    assert [record["changed"] for record in records(ledger)] == [1, 0]


def test_a_dry_run_says_the_same_and_changes_nothing(ledger: Store) -> None:
    put(ledger, root(), span("a1"))
    assert reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY, dry_run=True) == Repriced(1, 1, None, Decimal("0.006"))
    assert costs(ledger)["a1"] == (None, "")
    assert (run_cost(ledger), records(ledger)) == ((None, 1), [])


def test_the_range_is_half_open_and_may_cut_a_run_in_two(ledger: Store) -> None:
    edge = NEXT - timedelta(seconds=1)
    put(ledger, root(), span("a1"), span("b1", edge), span("c1", NEXT), span("d1", DAY - timedelta(seconds=1)))
    assert reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY).changed == 2
    assert {name for name, (cost, _) in costs(ledger).items() if cost is not None} == {"a1", "b1"}
    assert run_cost(ledger) == (Decimal("0.012"), 2)


def test_a_team_is_the_one_that_its_run_belongs_to(ledger: Store) -> None:
    put(ledger, root(), span("a1"), root(trace_id=OTHER, team="support"))
    put(ledger, span("b1", trace_id=OTHER, team="support"))
    assert reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY, team="payments").calls == 1
    assert (run_cost(ledger)[0], run_cost(ledger, OTHER)[0]) == (Decimal("0.006"), None)
    assert records(ledger)[0]["team"] == "payments"


def test_the_senders_word_holds_while_we_have_no_price(ledger: Store) -> None:
    reported: dict[str, Any] = {
        "reported_cost_usd": Decimal("0.5"),
        "cost_usd": Decimal("0.5"),
        "cost_source": "sender",
    }
    put(ledger, root(), span("a1", **reported))
    assert reprice(ledger, Prices(), DAY, NEXT, policy=POLICY).changed == 0
    reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY)
    assert costs(ledger)["a1"] == (Decimal("0.006"), "override")
    reprice(ledger, Prices(), DAY, NEXT, policy=POLICY)
    assert costs(ledger)["a1"] == (Decimal("0.5"), "sender")


def test_runs_that_an_interrupted_repricing_left_behind_are_written(
    ledger: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ledger, root(), span("a1"))
    with monkeypatch.context() as killed:
        killed.setattr("schema.maintenance.reprice.refresh_runs", lambda *_: 0)
        reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY)
    assert (run_cost(ledger), stale_traces(ledger)) == ((None, 1), [OLD])
    assert reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY).changed == 0
    assert (run_cost(ledger), stale_traces(ledger)) == ((Decimal("0.006"), 0), [])


def test_every_copy_of_a_span_that_came_twice_gets_the_price(ledger: Store) -> None:
    put(ledger, root(), span("a1"))
    put(ledger, span("a1"))
    assert reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY) == Repriced(1, 1, None, Decimal("0.006"))
    left = ledger.query("SELECT count() AS n FROM spans WHERE span_id = 'a1' AND cost_usd IS NULL").to_pylist()
    assert left == [{"n": 0}]


def test_no_table_is_left_when_the_store_refuses(ledger: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(ledger, root(), span("a1"))
    monkeypatch.setattr("schema.maintenance.reprice._WITHIN", "no_such_column")
    with pytest.raises(QueryFailedError):
        reprice(ledger, PER_SECOND, DAY, NEXT, policy=POLICY)
    assert ledger.query("SELECT name FROM system.tables WHERE startsWith(name, 'span_update')").num_rows == 0


def test_any_days_can_be_asked_for(ledger: Store) -> None:
    put(ledger, root(), span("a1"))
    ever = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    assert reprice(ledger, PER_SECOND, *ever, policy=POLICY).changed == 1


def test_a_server_is_repriced_over_http(store: Store, store_path: str) -> None:
    store.command("CREATE DATABASE IF NOT EXISTS repriced")
    double = ClickHouseDouble(store_path)
    with double.up(), Store.open(f"clickhouse://default:@127.0.0.1:{double.port}/repriced") as served:
        put(served, root(), span("a1"))
        assert reprice(served, PER_SECOND, DAY, NEXT, policy=POLICY) == Repriced(1, 1, None, Decimal("0.006"))
        assert run_cost(served) == (Decimal("0.006"), 0)
    double.close()


def test_the_columns_are_those_of_the_document(store: Store) -> None:
    columns = store.query(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'repricings' ORDER BY position"
    )
    text = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")
    section = text.split("\n## `repricings`\n")[1].split("\n## ")[0]
    assert columns.column("name").to_pylist() == REPRICING_SCHEMA.names
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == REPRICING_SCHEMA.names
