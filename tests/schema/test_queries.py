"""The figures of the dashboard against SQL written another way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sample_runs import fill, trace_of

from schema.queries.costs import by_group, over_time
from schema.queries.filters import Filter, facets
from schema.queries.latency import percentiles
from schema.queries.run import load_run, load_span, load_tree
from schema.queries.runs import list_runs, summary
from schema.queries.scope import EVERYTHING
from schema.queries.timeline import steps

if TYPE_CHECKING:
    from schema.store.store import Store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = Filter(NOW - timedelta(days=2), NOW)


@pytest.fixture(scope="module")
def filled(store: Store) -> Store:
    for table in ("spans", "runs"):
        store.command(f"TRUNCATE TABLE {table}")
    fill(store, now=int(NOW.timestamp()) * 10**9)
    return store


def value(store: Store, sql: str) -> object:
    return store.query(sql).column(0)[0].as_py()


def test_the_list_is_newest_first_in_pages_and_says_how_many_there_are(filled: Store) -> None:
    first, second = (list_runs(filled, EVERYTHING, ALL, limit=25, offset=offset) for offset in (0, 25))
    assert first.total == value(filled, "SELECT uniqExact(trace_id) FROM spans") == 62
    starts = [*first.rows.column("start_time").to_pylist(), *second.rows.column("start_time").to_pylist()]
    assert starts == sorted(starts, reverse=True)
    assert len({*first.rows.column("trace_id").to_pylist(), *second.rows.column("trace_id").to_pylist()}) == 50


def test_filters_narrow_by_team_workflow_and_time(filled: Store) -> None:
    refunds = Filter(ALL.start, ALL.end, teams=("payments",), workflows=("refund",))
    rows = list_runs(filled, EVERYTHING, refunds, limit=100).rows
    assert set(rows.column("workflow").to_pylist()) == {"refund"}
    assert list_runs(filled, EVERYTHING, Filter(NOW, NOW + timedelta(days=1)), limit=10).total == 0
    assert facets(filled, EVERYTHING, ALL.start, ALL.end).teams == ["payments", "research", "support"]


def test_the_summary_equals_sums_over_spans(filled: Store) -> None:
    found = summary(filled, EVERYTHING, ALL)
    assert found.cost_usd == value(filled, "SELECT sum(cost_usd) FROM spans WHERE kind = 'llm'")
    assert found.input_tokens == value(filled, "SELECT sum(input_tokens) FROM spans WHERE kind = 'llm'")
    assert found.unpriced_calls == value(filled, "SELECT count() FROM spans WHERE kind = 'llm' AND cost_usd IS NULL")
    nothing = summary(filled, EVERYTHING, Filter(NOW, NOW + timedelta(days=1)))
    assert (nothing.runs, nothing.cost_usd, nothing.input_tokens, nothing.p95_ns) == (0, None, None, None)


@pytest.mark.parametrize("by", ["team", "workflow", "model"])
def test_every_way_to_cut_the_costs_adds_up_to_the_same(filled: Store, by: str) -> None:
    rows = by_group(filled, EVERYTHING, ALL, by=by).to_pylist()  # type: ignore[arg-type]
    total = value(filled, "SELECT sum(cost_usd) FROM spans")
    assert sum((row["cost_usd"] or Decimal(0) for row in rows), Decimal(0)) == total
    assert sum(row["model_calls"] for row in rows) == value(filled, "SELECT count() FROM spans WHERE kind = 'llm'")
    unpriced = next(row for row in rows if row["label"] in {"research", "weekly-report", "in-house-7b"})
    assert unpriced["cost_usd"] is None
    assert unpriced["unpriced_calls"] == unpriced["model_calls"] > 0


def test_costs_over_time_add_up_and_unpriced_bars_are_unknown(filled: Store) -> None:
    rows = over_time(filled, EVERYTHING, ALL, by="team").to_pylist()
    assert all(row["bucket"].tzinfo and row["bucket"].minute == 0 for row in rows)
    assert sum((row["cost_usd"] or Decimal(0) for row in rows), Decimal(0)) == value(
        filled, "SELECT sum(cost_usd) FROM spans"
    )
    assert {row["cost_usd"] for row in rows if row["label"] == "research"} == {None}


def test_percentiles_equal_the_sorted_durations(filled: Store) -> None:
    for by, column in (("model", "model"), ("tool", "tool_name")):
        for row in percentiles(filled, EVERYTHING, ALL, by=by).to_pylist():  # type: ignore[arg-type]
            durations = sorted(
                filled.query(
                    f"SELECT duration_ns FROM spans WHERE {column} = {{label:String}}"
                    f" AND kind = '{'llm' if by == 'model' else 'tool'}'",
                    {"label": row["label"]},
                )
                .column(0)
                .to_pylist()
            )
            assert row["count"] == len(durations)
            assert row["p50_ns"] == durations[len(durations) // 2]
            assert row["p99_ns"] == durations[int(len(durations) * 0.99)]
    workflows = percentiles(filled, EVERYTHING, ALL, by="workflow").to_pylist()
    assert sum(row["count"] for row in workflows) == 62


def test_a_run_its_tree_and_its_steps_agree(filled: Store) -> None:
    trace = trace_of(4)
    run, tree = load_run(filled, EVERYTHING, trace), load_tree(filled, EVERYTHING, trace)
    assert run is not None
    assert run.span_count == tree.num_rows > 5
    done = steps(tree, run.call_span_ids)
    assert (done[-1].cost_usd, done[-1].input_tokens) == (run.cost_usd, run.input_tokens)
    span = load_span(filled, EVERYTHING, trace, tree.column("span_id")[0].as_py())
    assert span is not None
    assert span["name"] == run.root_name
    assert span["resource_attributes"]["service.name"] == run.service_name


def test_what_is_not_there_is_none(filled: Store) -> None:
    assert load_run(filled, EVERYTHING, "f" * 32) is None
    assert load_span(filled, EVERYTHING, trace_of(4), "f" * 16) is None
    assert load_tree(filled, EVERYTHING, "f" * 32).num_rows == 0
