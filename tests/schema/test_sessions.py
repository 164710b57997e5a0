"""Stitched sessions: whatever comes in whatever order, the table says what the stored runs say."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from ground_truth import EXPORTS, truth_of
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.queries.scope import EVERYTHING
from schema.queries.sessions import load_session
from schema.runs.recompute import recompute, stale_traces
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

START = time.time_ns()
_RECEIVED = iter(range(START, START + 10**9))


def run(number: int, *links: int, parent: str = "", span_id: str = "a0", **more: Any) -> Span:
    """One span of the run `number`, which links to the runs `links`."""
    defaults: dict[str, Any] = {"duration_ns": 10, "retain_until": 60_000, "start_time": START + number, "team": "t"}
    texts = json.dumps([{"trace_id": trace(link), "span_id": "a0", "attributes": {}} for link in links])
    return Span(trace_id=trace(number), span_id=span_id, parent_span_id=parent, links=texts, **defaults | more)


def trace(number: int) -> str:
    return f"{number:032x}"


def arrive(store: Store, *spans: Span) -> None:
    """Store these spans and bring their runs up to date in one pass."""
    for span in spans:
        span.received_at = next(_RECEIVED)
    store.insert("spans", to_batch(list(spans)), token=uuid4().hex)
    recompute(store, sorted({span.trace_id for span in spans}))


def firsts(store: Store) -> dict[int, int]:
    rows = store.query("SELECT trace_id, first_trace_id FROM runs FINAL ORDER BY trace_id").to_pylist()
    return {int(row["trace_id"], 16): int(row["first_trace_id"], 16) for row in rows}


def of_each(store: Store) -> dict[tuple[str, str], str]:
    """The same as `firsts`, by trace id and team."""
    rows = store.query("SELECT trace_id, team, first_trace_id FROM runs FINAL").to_pylist()
    return {(row["trace_id"], row["team"]): row["first_trace_id"] for row in rows}


def by_definition(store: Store) -> dict[tuple[str, str], str]:
    """What `first_trace_id` must be, from the stored runs alone: spread the smallest id until nothing changes."""
    rows = store.query("SELECT trace_id, toString(team) AS team, session_id, linked_traces FROM runs FINAL").to_pylist()
    first = {(row["trace_id"], row["team"]): row["trace_id"] for row in rows}
    changed = True
    while changed:
        changed = False
        for one in rows:
            for other in rows:
                shares = one["session_id"] and one["session_id"] == other["session_id"]
                links = other["trace_id"] in one["linked_traces"] or one["trace_id"] in other["linked_traces"]
                this, that = (one["trace_id"], one["team"]), (other["trace_id"], other["team"])
                if one["team"] == other["team"] and (shares or links) and first[this] < first[that]:
                    first[that] = first[this]
                    changed = True
    return first


def test_a_run_alone_is_its_own_session(empty_store: Store) -> None:
    arrive(empty_store, run(7), run(8, session_id="s"), run(9, 99, 98), run(10, 99))
    assert firsts(empty_store) == {7: 7, 8: 8, 9: 9, 10: 10}, "a target that is not held connects nobody"


def test_runs_of_one_session_are_one_whatever_the_team_of_others(empty_store: Store) -> None:
    for span in (run(5, session_id="s"), run(3, session_id="s"), run(4, session_id="s", team="u"), run(2)):
        arrive(empty_store, span)
    assert firsts(empty_store) == {2: 2, 3: 3, 4: 4, 5: 3}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_link_connects_in_both_directions_and_whichever_comes_first(
    empty_store: Store, order: tuple[int, int]
) -> None:
    spans = {1: run(1), 2: run(2, 1)}
    for number in order:
        arrive(empty_store, spans[number])
    assert firsts(empty_store) == {1: 1, 2: 1}


def test_a_late_run_joins_two_sessions(empty_store: Store) -> None:
    arrive(empty_store, run(1, session_id="s"), run(2, session_id="s"), run(8), run(9, 8))
    assert firsts(empty_store) == {1: 1, 2: 1, 8: 8, 9: 8}
    arrive(empty_store, run(5, 9, session_id="s"))
    assert firsts(empty_store) == {1: 1, 2: 1, 5: 1, 8: 1, 9: 1}


def test_a_late_root_that_names_another_session_splits_what_its_run_held_together(empty_store: Store) -> None:
    arrive(empty_store, run(1, session_id="s", parent="b0"), run(2, 1), run(3, session_id="s"), run(4, 3))
    assert set(firsts(empty_store).values()) == {1}
    arrive(empty_store, run(1, span_id="b0", session_id="other"))
    assert firsts(empty_store) == {1: 1, 2: 1, 3: 3, 4: 3}


def test_only_runs_whose_session_changes_are_written(empty_store: Store) -> None:
    arrive(empty_store, *(run(number, session_id="s") for number in range(10, 20)))
    before = versions(empty_store)
    arrive(empty_store, run(20, session_id="s"))
    after = versions(empty_store)
    assert {key for key in after if after[key] != before.get(key)} == {trace(20)}
    arrive(empty_store, run(5, session_id="s"))
    assert set(firsts(empty_store).values()) == {5}


def test_a_run_that_gets_another_session_keeps_everything_else(empty_store: Store) -> None:
    columns = "* EXCEPT (first_trace_id, updated_at)"
    arrive(empty_store, run(9, session_id="s", kind="llm", findings={"PERSON": 2}, input_preview="What?"))
    before = empty_store.query(f"SELECT {columns} FROM runs FINAL").to_pylist()
    arrive(empty_store, run(5, session_id="s"))
    after = empty_store.query(f"SELECT {columns} FROM runs FINAL WHERE trace_id = {{t:String}}", {"t": trace(9)})
    assert after.to_pylist() == before
    assert stale_traces(empty_store) == []


def versions(store: Store) -> dict[str, Any]:
    rows = store.query("SELECT trace_id, toUnixTimestamp64Nano(updated_at) AS at FROM runs FINAL").to_pylist()
    return {row["trace_id"]: row["at"] for row in rows}


@pytest.mark.parametrize("seed", range(12))
def test_any_order_repetition_and_change_gives_what_the_stored_runs_say(empty_store: Store, seed: int) -> None:
    rng = random.Random(seed)
    spans = []
    for number in rng.sample(range(100), 24):
        links = rng.sample(range(100), rng.choice((0, 0, 0, 1, 2)))
        session = rng.choice(("", "", "a", "b", "c", "d", "e"))
        spans.append(run(number, *links, parent="b0", session_id=session, team=rng.choice("tu")))
        if rng.random() < 0.5:  # the root comes apart from it, and says something else
            session = rng.choice(("", "a", "b", "c", "d", "e"))
            spans.append(run(number, span_id="b0", session_id=session, team=rng.choice("tu")))
    order = spans + rng.choices(spans, k=6)
    rng.shuffle(order)
    while order:
        together = rng.randint(1, 9)
        arrive(empty_store, *order[:together])
        del order[:together]
        assert of_each(empty_store) == by_definition(empty_store)


@pytest.mark.parametrize("runs", [200, 2000])
def test_a_pass_reads_what_it_touches_however_many_runs_share_a_session(
    empty_store: Store, monkeypatch: pytest.MonkeyPatch, runs: int
) -> None:
    arrive(empty_store, *(run(number, session_id="constant") for number in range(1, runs)))
    read = []
    query = empty_store.query
    with monkeypatch.context() as counted:
        counted.setattr(empty_store, "query", lambda *given: read.append(query(*given).num_rows) or query(*given))
        arrive(empty_store, run(runs, session_id="constant"), run(runs + 1, session_id="constant", parent="b0"))
        arrive(empty_store, run(runs + 1, span_id="b0", session_id="its own"))  # and one leaves it
    assert sum(read) < 20
    assert firsts(empty_store) == dict.fromkeys(range(1, runs + 1), 1) | {runs + 1: runs + 1}


def test_passes_of_several_threads_do_not_lose_what_the_others_found(empty_store: Store) -> None:
    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(10):
            number, other, session = rng.randrange(40), rng.randrange(40), rng.choice(("", "a", "b"))
            arrive(empty_store, run(number, other, session_id=session, span_id=f"{seed}"))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert of_each(empty_store) == by_definition(empty_store)


def test_runs_that_a_pass_which_was_killed_did_not_write_join_their_session_at_the_next(empty_store: Store) -> None:
    arrive(empty_store, run(1), run(9))
    empty_store.insert("spans", to_batch([run(5, 1, 9)]), token=uuid4().hex)
    assert stale_traces(empty_store) == [trace(5)]
    recompute(empty_store, stale_traces(empty_store))
    assert set(firsts(empty_store).values()) == {1}


def ingest(store: Store, source: str) -> None:
    for path in sorted((EXPORTS / source).glob("*.traces.pb")):
        request = ExportTraceServiceRequest.FromString(path.read_bytes())
        arrive(store, *normalise(request, received_at=START, policy=Policy(), prices=Prices()))


@pytest.mark.parametrize(
    ("source", "sizes"),
    [("autogen-native", [17, 8, 1, 1, 1, 1]), ("openinference-autogen", None), ("openinference-langgraph", None)],
)
def test_real_exports_are_stitched(empty_store: Store, source: str, sizes: list[int] | None) -> None:
    ingest(empty_store, source)
    assert of_each(empty_store) == by_definition(empty_store)
    rows = empty_store.query("SELECT count() AS n FROM runs FINAL GROUP BY first_trace_id ORDER BY n DESC")
    found = rows.column("n").to_pylist()
    assert sum(found) == len(truth_of(source)["traces"])
    assert sizes is None or found == sizes
    named: dict[str, set[str]] = {}
    for run_row in empty_store.query("SELECT trace_id, first_trace_id FROM runs FINAL").to_pylist():
        for session in truth_of(source)["traces"][run_row["trace_id"]]["sessions"] or ():
            named.setdefault(session, set()).add(run_row["first_trace_id"])
    assert all(len(sessions) == 1 for sessions in named.values())


def test_a_run_that_waited_for_a_person_and_the_one_that_went_on_are_one_session(empty_store: Store) -> None:
    ingest(empty_store, "openinference-langgraph")
    first = empty_store.query("SELECT DISTINCT first_trace_id, team FROM runs FINAL WHERE session_id = 'appr-1'")
    assert first.num_rows == 1
    session = load_session(
        empty_store, EVERYTHING, first.column("first_trace_id")[0].as_py(), first.column("team")[0].as_py(), limit=10
    )
    assert (session.runs, session.rows.num_rows) == (2, 2)


def test_totals_are_those_of_all_runs_and_unknown_stays_unknown(empty_store: Store) -> None:
    arrive(
        empty_store,
        run(3, session_id="s", start_time=START, status="error", duration_ns=2 * 10**9),
        run(1, session_id="s", start_time=START + 10**9, kind="llm", input_tokens=5, output_tokens=1),
        run(2),
    )
    session = load_session(empty_store, EVERYTHING, trace(1), "t", limit=1)
    assert session.rows.column("trace_id").to_pylist() == [trace(3)], "oldest first"
    assert (session.runs, session.errors, session.unpriced_calls) == (2, 1, 1)
    assert (session.input_tokens, session.output_tokens, session.cost_usd) == (5, 1, None)
    assert session.start_time is not None
    assert session.end is not None
    assert (session.end - session.start_time).total_seconds() == 2
    nothing = load_session(empty_store, EVERYTHING, "f" * 32, "t", limit=1)
    assert (nothing.runs, nothing.start_time, nothing.end, nothing.input_tokens) == (0, None, None, None)
