from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sample_runs
from app_pages import opened_run, said

from dashboard import connection, formatting, session_panel
from schema.queries.arrivals import last_arrival
from schema.queries.scope import EVERYTHING
from schema.queries.session_sizes import session_sizes
from schema.runs.closing import close_silent

if TYPE_CHECKING:
    from schema.store.store import Store

RUNS = 130


@pytest.fixture
def long_session(empty_store: Store) -> Store:
    """A session of 130 runs of one team, a minute apart."""
    connection.connect(empty_store, "http://127.0.0.1:4318")
    start = time.time_ns() - RUNS * sample_runs.MINUTE
    spans = [sample_runs.run(5 * number, start + number * sample_runs.MINUTE)[0] for number in range(RUNS)]
    for span in spans:
        span.session_id = '<b>chat</b> "7"'
    sample_runs.insert(empty_store, spans)
    return empty_store


def test_long_session_says_how_many_runs_are_not_shown(long_session: Store) -> None:
    assert long_session
    text = said(opened_run(sample_runs.trace_of(5 * 100)))
    assert "&lt;b&gt;chat&lt;/b&gt; &quot;7&quot; · run 101 of 130 · cost — ·" in text
    assert "Runs 31 to 130 of the session are shown, 30 of 130 are not." in text
    assert "Runs 1 to 100 of the session are shown, 30 of 130 are not." in said(opened_run(sample_runs.trace_of(0)))


def test_run_far_into_a_session_is_not_looked_for_forever(long_session: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert long_session
    monkeypatch.setattr(session_panel, "KNOWN", 120)
    text = said(opened_run(sample_runs.trace_of(5 * 125)))
    assert "· 130 runs · cost" in text
    assert "30 of 130 are not, this one among them." in text


def test_sizes_count_every_run_of_a_session_once(long_session: Store) -> None:
    start = time.time_ns()
    sample_runs.insert(long_session, sample_runs.run(1, start))
    sample_runs.insert(long_session, sample_runs.run(1, start + 1))
    rows = long_session.query("SELECT trace_id, team, first_trace_id FROM runs FINAL").to_pylist()
    first = {row["trace_id"]: (row["first_trace_id"], row["team"]) for row in rows}
    long, alone = first[sample_runs.trace_of(0)], first[sample_runs.trace_of(1)]
    assert session_sizes(long_session, EVERYTHING, [long, alone, alone, ("0" * 32, "support")]) == {
        long: RUNS,
        alone: 1,
    }
    assert session_sizes(long_session, EVERYTHING, []) == {}


def test_run_without_its_root_is_arriving_until_it_is_closed(empty_store: Store) -> None:
    connection.connect(empty_store, "http://127.0.0.1:4318")
    spans = sample_runs.incomplete_run(3, time.time_ns())
    sample_runs.insert(empty_store, spans)
    received = last_arrival(empty_store, EVERYTHING, spans[0].trace_id, spans[0].team)
    assert received == datetime.fromtimestamp(spans[0].received_at // 1000 / 10**6, UTC)
    text = said(opened_run(spans[0].trace_id))
    assert f"still arriving: of its {len(spans)} spans so far" in text
    assert close_silent(empty_store, timedelta(0)) == 1
    text = said(opened_run(spans[0].trace_id))
    assert f"closed without its root, or without the parent of some of its {len(spans)} spans" in text
    assert f"nothing has come for it since {formatting.moment(received, UTC)} (UTC)" in text


def test_run_that_the_store_does_not_hold_came_never(empty_store: Store) -> None:
    assert last_arrival(empty_store, EVERYTHING, "0" * 32, "payments") is None
