"""Runs without a root are closed after a silence, and opened again by a late span."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from schema.policy.policy import Policy
from schema.queries.run import Run, load_run
from schema.queries.scope import EVERYTHING
from schema.runs.closing import close_silent
from schema.runs.recompute import recompute, stale_traces
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

TRACE = "0af7651916cd43dd8448eb211c80319c"
START = 1_790_000_000_123_456_789
SILENCE = timedelta(minutes=10)


def put(store: Store, span_id: str, parent: str = "", **more: Any) -> Run:
    """Store one span, bring its run up to date and return it."""
    defaults: dict[str, Any] = {"trace_id": TRACE, "start_time": START, "received_at": START, "retain_until": 60_000}
    span = Span(span_id=span_id, parent_span_id=parent, **defaults | more)
    store.insert("spans", to_batch([span]), token=uuid4().hex)
    recompute(store, [span.trace_id])
    return load(store, span.trace_id)


def load(store: Store, trace: str = TRACE) -> Run:
    run = load_run(store, EVERYTHING, trace)
    assert run is not None
    return run


def let_pass(store: Store, interval: timedelta) -> None:
    """Move everything that is stored into the past."""
    seconds = {"seconds": int(interval.total_seconds())}
    store.command("UPDATE spans SET inserted_at = inserted_at - toIntervalSecond({seconds:UInt32}) WHERE 1", seconds)
    rows = store.query(
        "SELECT * REPLACE (updated_at - toIntervalSecond({seconds:UInt32}) AS updated_at) FROM runs FINAL", seconds
    )
    store.command("TRUNCATE TABLE runs")
    store.insert("runs", rows, token=uuid4().hex)


def test_a_complete_run_is_closed_at_once(empty_store: Store) -> None:
    assert put(empty_store, "f0").closed


def test_a_run_without_its_root_is_closed_after_the_silence_and_nothing_else_of_it_changes(empty_store: Store) -> None:
    before = put(empty_store, "b1", parent="f0", findings={"PERSON": 1})
    assert not before.closed
    assert close_silent(empty_store, SILENCE) == 0
    let_pass(empty_store, timedelta(minutes=9))
    assert close_silent(empty_store, SILENCE) == 0
    let_pass(empty_store, timedelta(minutes=2))
    assert close_silent(empty_store, SILENCE) == 1
    after = load(empty_store)
    assert (after.closed, after.complete, after.outcome) == (True, False, "unknown")
    names = set(Run.__dataclass_fields__) - {"closed", "updated_at"}
    assert {name: getattr(after, name) for name in names} == {name: getattr(before, name) for name in names}
    assert stale_traces(empty_store) == []


def test_a_closed_run_is_left_alone(empty_store: Store) -> None:
    put(empty_store, "b1", parent="f0")
    let_pass(empty_store, timedelta(hours=1))
    assert [close_silent(empty_store, SILENCE) for _ in range(3)] == [1, 0, 0]
    assert empty_store.query("SELECT count() AS n FROM runs").column("n").to_pylist()[0] <= 2


def test_a_late_span_opens_the_run_again_and_a_late_root_completes_it(empty_store: Store) -> None:
    put(empty_store, "b1", parent="f0")
    let_pass(empty_store, timedelta(hours=1))
    close_silent(empty_store, SILENCE)
    late = put(empty_store, "b2", parent="f0")
    assert (late.closed, late.span_count) == (False, 2)
    assert close_silent(empty_store, SILENCE) == 0, "its last span has just come"
    whole = put(empty_store, "f0", outcome="success")
    assert (whole.closed, whole.complete, whole.outcome) == (True, True, "success")


def test_a_run_that_is_computed_again_without_a_new_span_stays_closed(empty_store: Store) -> None:
    span = {"parent": "f0", "name": "the same"}
    put(empty_store, "b1", **span)
    let_pass(empty_store, timedelta(hours=1))
    close_silent(empty_store, SILENCE)
    recompute(empty_store, [TRACE])  # repricing does so
    assert load(empty_store).closed
    assert put(empty_store, "b1", **span).closed, "a span that was sent twice is no news"


def test_a_span_that_came_after_its_run_was_written_keeps_the_run_open(empty_store: Store) -> None:
    put(empty_store, "b1", parent="f0")
    let_pass(empty_store, timedelta(hours=1))
    late = Span(trace_id=TRACE, span_id="b2", parent_span_id="f0", start_time=START, retain_until=60_000)
    empty_store.insert("spans", to_batch([late]), token=uuid4().hex)
    assert close_silent(empty_store, SILENCE) == 0


@pytest.mark.parametrize(("minutes", "fits"), [(0, False), (1, True), (1440, True), (1441, False)])
def test_the_policy_says_how_long_the_silence_is(minutes: int, *, fits: bool) -> None:
    policy = {"runs": {"closed_after_minutes": minutes}}
    if fits:
        assert Policy.model_validate(policy).runs.closed_after_minutes == minutes
    else:
        with pytest.raises(ValidationError, match="closed_after_minutes"):
            Policy.model_validate(policy)


def test_ten_minutes_are_the_default() -> None:
    assert Policy().runs.closed_after_minutes == 10
