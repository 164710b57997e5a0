"""Nothing sent with one team's key changes another team's runs: no cost, no text, no state."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from two_teams import ALPHA_TRACE, BETA_TRACE, CALL, POLICY, ROOT, attacks, beta, call, spans, stamped

from schema.maintenance.purge import purge
from schema.maintenance.reprice import reprice
from schema.normalise.logs import log_batch
from schema.normalise.metrics import point_batch
from schema.normalise.traces import normalise
from schema.pricing.prices import Prices
from schema.queries import costs, latency, logs, runs, sessions
from schema.queries.arrivals import last_arrival
from schema.queries.filters import Filter
from schema.queries.run import load_run, load_span, load_tree, other_teams
from schema.queries.scope import EVERYTHING
from schema.queries.session_sizes import session_sizes
from schema.queries.timeline import steps
from schema.runs.closing import close_silent
from schema.runs.recompute import stale_traces
from schema.runs.refresh import refresh_runs
from schema.span import to_batch

if TYPE_CHECKING:
    from collector.otlp.messages import ExportRequest
    from schema.store.store import Store

START = time.time_ns() - 3600 * 10**9
TRACE = BETA_TRACE.hex()
PRICES = Prices()
NOW = datetime.now(UTC)
BETAS = Filter(NOW - timedelta(days=2), NOW + timedelta(days=2), teams=("beta",))
ARRIVAL = frozenset({"updated_at", "inserted_at", "received_at", "retain_until"})
_CLOCK = iter(range(START, START + 10**9))


def arrive(store: Store, name: str, *bodies: ExportRequest, passed: bool = True) -> None:
    """Store the requests of this key, one per body, and recompute the runs."""
    traces: set[str] = set()
    for body in bodies:
        received, request = next(_CLOCK), stamped(name, body)
        if isinstance(request, ExportMetricsServiceRequest):
            rows = point_batch(request, [{}], received_at=received, policy=POLICY)
            store.insert("metric_points", rows, token=uuid4().hex)
            continue
        if isinstance(request, ExportLogsServiceRequest):
            found = [{"EMAIL_ADDRESS": 3} for each in request.resource_logs for _ in each.scope_logs]
            table, rows = "logs", log_batch(request, found, received_at=received, policy=POLICY)
        else:
            table, rows = "spans", to_batch(normalise(request, received_at=received, policy=POLICY, prices=PRICES))
        store.insert(table, rows, token=uuid4().hex)
        traces.update(rows.column("trace_id").to_pylist())
    if passed:
        refresh_runs(store, traces, POLICY)


def shown(store: Store, team: str = "beta", *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the results of all queries for a team, without some columns."""
    chosen = Filter(BETAS.start, BETAS.end, teams=(team,))
    run, tree = load_run(store, EVERYTHING, TRACE, team), load_tree(store, EVERYTHING, TRACE, team)
    assert run is not None
    ids = tree.column("span_id").to_pylist()
    repriced = reprice(store, PRICES, BETAS.start, BETAS.end, policy=POLICY, team=team, dry_run=True)
    found = {
        "list": runs.list_runs(store, EVERYTHING, chosen, limit=50).rows.to_pylist(),
        "summary": runs.summary(store, EVERYTHING, chosen),
        "over time": costs.over_time(store, EVERYTHING, chosen, by="workflow").to_pylist(),
        **{
            f"costs {by}": costs.by_group(store, EVERYTHING, chosen, by=by).to_pylist()
            for by in ("team", "workflow", "model")
        },
        **{
            f"latency {by}": latency.percentiles(store, EVERYTHING, chosen, by=by).to_pylist()
            for by in ("workflow", "tool", "model")
        },
        "tree": tree.drop_columns(["first_sent_by"]).to_pylist(),
        "steps": steps(tree, run.call_span_ids),
        "spans": [load_span(store, EVERYTHING, TRACE, one, team) for one in ids],
        "records": [logs.span_logs(store, EVERYTHING, TRACE, team, one, limit=50).rows.to_pylist() for one in ids],
        "loose records": logs.loose_logs(store, EVERYTHING, TRACE, team, limit=50).rows.to_pylist(),
        "session": sessions.load_session(store, EVERYTHING, run.first_trace_id, team, limit=50).rows.to_pylist(),
        "size": session_sizes(store, EVERYTHING, [(run.first_trace_id, team)]),
        "arrival": None if without else last_arrival(store, EVERYTHING, TRACE, team),
        "calls": (repriced.calls, repriced.changed, repriced.before),
    }
    return {name: plain(answer, without) for name, answer in found.items()}


def plain(value: Any, without: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [plain(item, without) for item in value]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key not in without}
    return value


@pytest.fixture
def settled(empty_store: Store) -> Store:
    """A store with beta's data, every run closed."""
    arrive(empty_store, "beta", *beta(START))
    close_silent(empty_store, timedelta(0))
    return empty_store


@pytest.fixture(scope="module")
def undisturbed(store: Store) -> dict[str, Any]:
    """What beta sees if alpha sends nothing."""
    for table in ("spans", "runs", "logs", "metric_points", "repricings"):
        store.command(f"TRUNCATE TABLE {table}")
    arrive(store, "beta", *beta(START))
    found = shown(store, without=ARRIVAL)
    (run,) = [row for row in found["list"] if row["trace_id"] == TRACE]
    assert (run["cost_usd"], run["outcome"], run["session_id"]) == (Decimal("0.25"), "success", "beta-session")
    assert "beta's question" in found["spans"][1]["input"]
    assert run["first_trace_id"] == TRACE
    assert list(found["size"].values()) == [2]
    return found


def test_no_attack_changes_a_settled_run(settled: Store) -> None:
    before = shown(settled)
    for name, attack in attacks(START).items():
        arrive(settled, "alpha", attack)
        assert shown(settled) == before, name
    assert stale_traces(settled) == []
    close_silent(settled, timedelta(0))
    assert shown(settled) == before


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_arrival_lets_another_team_in(empty_store: Store, undisturbed: dict[str, Any], seed: int) -> None:
    rng = random.Random(seed)
    sent = [("beta", body) for body in beta(START)] + [("alpha", body) for body in attacks(START).values()]
    rng.shuffle(sent)
    for name, body in sent:
        arrive(empty_store, name, body, passed=rng.random() < 0.3)
    refresh_runs(empty_store, [TRACE, ALPHA_TRACE.hex(), "01" * 16, "bf" * 16], POLICY)
    assert shown(empty_store, without=ARRIVAL) == undisturbed
    alphas = load_run(empty_store, EVERYTHING, TRACE, "alpha")
    assert alphas is not None
    assert (alphas.cost_usd, alphas.user_id) == (Decimal(75) * alphas.model_calls, "u-alpha")
    assert [(other.team, other.cost_usd) for other in other_teams(empty_store, EVERYTHING, TRACE, "beta")] == [
        ("alpha", alphas.cost_usd)
    ]


def test_a_span_id_of_two_teams_is_two_spans_and_the_first_keeps_its_place(settled: Store) -> None:
    arrive(settled, "alpha", attacks(START)["copy of the call"])
    tree = load_tree(settled, EVERYTHING, TRACE, "beta", others=True).to_pylist()
    call_id = f"{CALL:016x}"
    assert [(row["team"], row["first_sent_by"]) for row in tree if row["span_id"] == call_id] == [
        ("beta", ""),
        ("alpha", "beta"),
    ]
    for team, text in ((None, "beta's answer"), ("beta", "beta's answer"), ("alpha", "alpha's text")):
        span = load_span(settled, EVERYTHING, TRACE, call_id, team)
        assert span is not None
        assert text in span["output"]


def test_purging_what_another_team_named_takes_its_run_only(settled: Store) -> None:
    before = shown(settled)
    arrive(settled, "alpha", *attacks(START).values())
    assert purge(settled, "user", "u-alpha").runs == 1
    assert shown(settled) == before
    assert load_run(settled, EVERYTHING, TRACE, "alpha") is None


def draft_and_whole() -> list[ExportRequest]:
    """A call of beta that is sent unfinished, and again with a later start; the last copy counts."""
    draft = call("a draft", 9.0) | {"gen_ai.request.model": "draft", "gen_ai.usage.input_tokens": 7}
    return [
        spans({"id": CALL, "parent": ROOT, "at": 10, "name": "draft", "status": 2, "attributes": draft}, start=START),
        spans({"id": CALL, "parent": ROOT, "at": 900, "name": "whole", "attributes": call("whole", 0.5)}, start=START),
    ]


@pytest.mark.parametrize("together", [False, True])
def test_every_query_takes_the_last_received_copy(empty_store: Store, together: bool) -> None:  # noqa: FBT001
    copies = draft_and_whole()
    if together:
        copies[0].MergeFrom(copies.pop())
    arrive(empty_store, "beta", *copies)
    run, tree = load_run(empty_store, EVERYTHING, TRACE), load_tree(empty_store, EVERYTHING, TRACE)
    span = load_span(empty_store, EVERYTHING, TRACE, f"{CALL:016x}")
    assert run is not None
    assert span is not None
    (row,) = tree.to_pylist()
    (model,) = costs.by_group(empty_store, EVERYTHING, BETAS, by="model").to_pylist()
    (slow,) = latency.percentiles(empty_store, EVERYTHING, BETAS, by="model").to_pylist()
    assert (run.span_count, run.output_preview, run.input_tokens, run.models) == (1, "whole", 100, ["own-7b"])
    assert (span["name"], row["name"]) == ("whole", "whole")
    assert (model["label"], slow["label"], slow["count"], slow["errors"]) == ("own-7b", "own-7b", 1, 0)
    assert {run.cost_usd, span["cost_usd"], row["cost_usd"], model["cost_usd"]} == {Decimal("0.5")}
    assert steps(tree, run.call_span_ids)[-1].cost_usd == Decimal("0.5")
    assert reprice(empty_store, PRICES, BETAS.start, BETAS.end, policy=POLICY, dry_run=True).before == Decimal("0.5")
    assert run.start_time == span["start_time"]


def test_spans_without_a_team_leave_no_run_behind_when_their_parent_names_one(empty_store: Store) -> None:
    child = spans({"id": 30, "parent": 31, "attributes": call("late", 1.0)}, start=START)
    arrive(empty_store, "nobody", child)
    alone = load_run(empty_store, EVERYTHING, TRACE)
    assert alone is not None
    assert alone.team == "unassigned"
    arrive(empty_store, "beta", spans({"id": 31, "name": "agent"}, start=START))
    run = load_run(empty_store, EVERYTHING, TRACE)
    assert run is not None
    assert (run.team, run.span_count, run.cost_usd, run.complete) == ("beta", 2, Decimal(1), True)
    assert load_run(empty_store, EVERYTHING, TRACE, "unassigned") is None
    everyone = Filter(BETAS.start, BETAS.end)
    assert (
        runs.summary(empty_store, EVERYTHING, everyone).runs
        == runs.list_runs(empty_store, EVERYTHING, everyone, limit=9).total
        == 1
    )
    assert close_silent(empty_store, timedelta(0)) == 0
    assert session_sizes(empty_store, EVERYTHING, [(TRACE, "beta"), (TRACE, "unassigned")]) == {(TRACE, "beta"): 1}
    assert stale_traces(empty_store) == []
    # A second team makes the owner of spans unknown only if no ancestor names a team.
    arrive(empty_store, "alpha", spans({"id": 32, "name": "other"}, start=START))
    assert load_run(empty_store, EVERYTHING, TRACE, "beta") == run
    arrive(empty_store, "nobody", spans({"id": 33, "name": "of nobody"}, start=START))
    unassigned = load_run(empty_store, EVERYTHING, TRACE, "unassigned")
    assert unassigned is not None
    assert unassigned.span_count == 1
