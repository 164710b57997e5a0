from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from schema.queries.run import Run, load_run
from schema.queries.scope import EVERYTHING
from schema.runs.recompute import recompute, stale_traces
from schema.runs.rows import RUN_SCHEMA
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

TRACE = "0af7651916cd43dd8448eb211c80319c"
START = 1_790_000_000_123_456_789


def span(span_id: str, parent: str = "", at: int = 0, **more: Any) -> Span:
    defaults: dict[str, Any] = {"duration_ns": 10, "received_at": START, "retain_until": 60_000, "trace_id": TRACE}
    return Span(span_id=span_id, parent_span_id=parent, start_time=START + at, **defaults | more)


def stored(store: Store, *spans: Span) -> Run:
    for one in spans:  # one by one: the order of arrival must not matter
        store.insert("spans", to_batch([one]), token=uuid4().hex)
    assert recompute(store, [spans[0].trace_id]) == 1
    run = load_run(store, EVERYTHING, spans[0].trace_id)
    assert run is not None
    return run


def test_the_table_has_the_columns_that_a_batch_has(store: Store) -> None:
    columns = store.query("SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'runs'")
    assert sorted(columns.column("name").to_pylist()) == sorted(RUN_SCHEMA.names)


def test_wrappers_are_not_charged_and_failed_calls_do_not_count(empty_store: Store) -> None:
    call: dict[str, Any] = {"team": "payments", "kind": "llm", "model": "m", "input_tokens": 100, "output_tokens": 10}
    run = stored(
        empty_store,
        span("a1", "f0", at=5, duration_ns=70, cost_usd=Decimal("0.5"), **call),
        span("b1", "a1", at=6, cost_usd=Decimal("0.25"), **call),
        span("c1", "f0", at=7, **call),
        span("d1", "f0", at=8, status="error", **call | {"input_tokens": None, "output_tokens": None}),
        span("f0", kind="agent", team="payments", workflow="refunds", duration_ns=100, input_tokens=999),
    )
    assert (run.model_calls, run.model_errors, run.unpriced_calls) == (2, 1, 1)
    assert (run.input_tokens, run.output_tokens, run.cost_usd) == (200, 20, Decimal("0.25"))
    assert run.call_span_ids == ["b1", "c1", "d1"]
    assert (run.team, run.workflow, run.duration_ns, run.span_count) == ("payments", "refunds", 100, 5)


def test_unknown_is_never_zero(empty_store: Store) -> None:
    run = stored(empty_store, span("f0", kind="agent"))
    assert (run.cost_usd, run.input_tokens, run.output_tokens, run.cached_input_tokens) == (None, None, None, None)
    assert (run.outcome, run.error, run.complete) == ("unknown", False, True)


def test_a_span_stored_twice_counts_once(empty_store: Store) -> None:
    call = span("b1", "f0", kind="llm", cost_usd=Decimal("0.25"), input_tokens=1)
    run = stored(empty_store, span("f0"), call, call)
    assert (run.span_count, run.model_calls, run.cost_usd) == (2, 1, Decimal("0.25"))


def test_a_root_that_is_not_there_yet_leaves_the_run_incomplete_until_it_comes(empty_store: Store) -> None:
    assert not stored(empty_store, span("b1", "f0", kind="tool", status="error")).complete
    whole = stored(empty_store, span("f0", kind="agent", outcome="success"))
    assert whole.complete
    assert (whole.tool_calls, whole.tool_errors, whole.error, whole.outcome) == (1, 1, False, "success")


def test_a_failed_root_is_a_failure_and_waiting_for_a_person_is_not(empty_store: Store) -> None:
    failed = stored(empty_store, span("f0", status="error"))
    assert (failed.error, failed.outcome) == (True, "failure")
    other = "1" * 32
    paused = stored(empty_store, span("f0", status="error", approval_status="requested", trace_id=other))
    assert (paused.error, paused.outcome) == (False, "unknown")


def test_findings_of_all_spans_add_up(empty_store: Store) -> None:
    run = stored(
        empty_store, span("f0", findings={"PERSON": 2}), span("b1", "f0", findings={"PERSON": 1, "IBAN_CODE": 1})
    )
    assert run.findings == {"PERSON": 3, "IBAN_CODE": 1}


@pytest.mark.parametrize("known", [True, False])
def test_runs_that_a_killed_process_did_not_write_are_found(empty_store: Store, *, known: bool) -> None:
    empty_store.insert("spans", to_batch([span("f0")]), token=uuid4().hex)
    if known:
        recompute(empty_store, [TRACE])
        assert stale_traces(empty_store) == []
        empty_store.insert("spans", to_batch([span("b1", "f0")]), token=uuid4().hex)
    assert stale_traces(empty_store) == [TRACE]


def test_a_clock_that_is_set_back_leaves_no_older_run(empty_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stored(empty_store, span("f0", kind="agent")).span_count == 1
    real = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: real() - 3600 * 10**9)
    assert stored(empty_store, span("f1", "f0", at=1)).span_count == 2
    assert stored(empty_store, span("f2", "f0", at=2)).span_count == 3
