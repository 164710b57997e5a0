"""Spans have the team and the rest of their ancestors, in whatever order and in however many requests they came."""

from __future__ import annotations

import random
import time
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from ground_truth import EXPORTS, SOURCES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_requests import PRICES, TRACE, alone, request, together

from schema.normalise.context import COLUMN_OF
from schema.normalise.traces import normalise
from schema.policy.policy import AttributeKeys, Policy, Retention, RetentionRule
from schema.runs.late_context import inherit
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schema.store.store import Store

POLICY = Policy(
    retention=Retention(
        days=30,
        rules=(
            RetentionRule(team="payments", days=90),
            RetentionRule(team="payments", workflow="refunds", days=180),
            RetentionRule(team="support", days=7),
        ),
    )
)
COLUMNS = (*COLUMN_OF.values(), "retain_until")
START = time.time_ns()  # what came in long ago is deleted as it arrives
STAMPED = {"spanledger.team": "stamped", "spanledger.stamped.team": True}

Row = tuple[Any, ...]


def spans_of(body: ExportTraceServiceRequest, at: int = 0) -> list[Span]:
    return normalise(body, received_at=START + at, policy=POLICY, prices=PRICES)


def send(store: Store, *spans: Span) -> None:
    store.insert("spans", to_batch(list(spans)), token=uuid4().hex)


def shown(spans: Iterable[Span]) -> set[Row]:
    return {(span.trace_id, span.span_id, *(getattr(span, column) for column in COLUMNS)) for span in spans}


def stored(store: Store, traces: Sequence[str]) -> set[Row]:
    columns = ", ".join((*COLUMN_OF.values(), "toUInt32(retain_until) AS retain_until"))
    rows = store.query(
        f"SELECT trace_id, span_id, {columns} FROM spans WHERE trace_id IN {{traces:Array(String)}}",
        {"traces": list(traces)},
    ).to_pylist()
    return {tuple(row.values()) for row in rows}


@pytest.mark.parametrize("source", SOURCES)
def test_real_exports_cut_up_anywhere_show_what_one_request_shows(empty_store: Store, source: str) -> None:
    rng = random.Random(source)
    paths = sorted((EXPORTS / source).glob("*.traces.pb"))
    singles = alone(together(ExportTraceServiceRequest.FromString(path.read_bytes()) for path in paths))
    whole = shown(spans_of(together(singles)))
    traces = sorted({row[0] for row in whole})
    rng.shuffle(singles)
    size = max(2, len(singles) // 5)
    for at, first in enumerate(range(0, len(singles), size)):
        send(empty_store, *spans_of(together(singles[first : first + size]), at))
        if rng.random() < 0.5:
            inherit(empty_store, traces, POLICY)
    inherit(empty_store, traces, POLICY)
    assert stored(empty_store, traces) == whole
    assert inherit(empty_store, traces, POLICY) == set()


WORDS = {
    **dict.fromkeys(("spanledger.team", "traceloop.association.properties.team"), ("payments", "support", "sales")),
    **dict.fromkeys(("spanledger.workflow", "gen_ai.workflow.name"), ("refunds", "triage")),
    **dict.fromkeys(("session.id", "traceloop.association.properties.session_id"), ("s1", "s2")),
    "gen_ai.conversation.id": ("t1",),
    "user.id": ("u1",),
    "deployment.environment.name": ("prod",),
}
ATTRIBUTES = st.lists(st.sampled_from([(key, value) for key, values in WORDS.items() for value in values]), max_size=2)
RESOURCES = st.sampled_from(
    ({}, {}, {"spanledger.team": "payments"}, {"session.id": "s3", "service.version": "7"}, STAMPED)
)


@st.composite
def traces(draw: st.DrawFn) -> list[ExportTraceServiceRequest]:
    """Return requests of one span each; a parent may be missing, the span itself or its descendant."""
    count = draw(st.integers(2, 8))
    return [
        request(
            {
                "id": number,
                "parent": draw(st.integers(0, count + 1)),
                "attributes": dict(draw(ATTRIBUTES)),
                "scope": draw(st.sampled_from(("my-app", "opentelemetry.instrumentation.openai"))),
            },
            resource=draw(RESOURCES),
        )
        for number in range(1, count + 1)
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), singles=traces())
def test_no_order_and_no_partition_matters(
    empty_store: Store, data: st.DataObject, singles: list[ExportTraceServiceRequest]
) -> None:
    trace = uuid4()
    for single in singles:
        single.resource_spans[0].scope_spans[0].spans[0].trace_id = trace.bytes
    whole = shown(spans_of(together(singles)))
    waiting = data.draw(st.permutations(singles))
    repeated = data.draw(st.lists(st.sampled_from(singles), max_size=1))
    at = 0
    while waiting:
        size = data.draw(st.integers(1, len(waiting)))
        send(empty_store, *spans_of(together(waiting[:size]), at))
        waiting = waiting[size:] or repeated
        repeated = repeated if waiting is not repeated else []
        at += 1
        if data.draw(st.booleans()):
            inherit(empty_store, [trace.hex], POLICY)
    inherit(empty_store, [trace.hex], POLICY)
    assert stored(empty_store, [trace.hex]) == whole
    assert inherit(empty_store, [trace.hex], POLICY) == set()


CHILD: dict[str, Any] = {"id": 2, "parent": 1}
TEAM = {"id": 1, "attributes": {"spanledger.team": "payments", "spanledger.workflow": "refunds"}}


def one(store: Store, span_id: int) -> dict[str, Any]:
    (row,) = store.query(
        "SELECT * FROM spans WHERE span_id = {span:String}", {"span": span_id.to_bytes(8, "big").hex()}
    ).to_pylist()
    return dict(row)


def test_a_parent_that_comes_late_names_team_and_retention(empty_store: Store) -> None:
    (child,) = spans_of(request(CHILD))
    send(empty_store, child)
    assert inherit(empty_store, [child.trace_id], POLICY) == set()
    assert (one(empty_store, 2)["team"], child.team) == ("unassigned", "unassigned")
    send(empty_store, *spans_of(request(TEAM), at=1))
    assert inherit(empty_store, [child.trace_id, ""], POLICY) == {child.trace_id}
    row = one(empty_store, 2)
    assert (row["team"], row["workflow"]) == ("payments", "refunds")
    assert (row["retain_until"].toordinal() - 719_163) - child.retain_until == 150
    by_team = empty_store.query("SELECT team, count() AS spans FROM spans GROUP BY team").to_pylist()
    assert by_team == [{"team": "payments", "spans": 2}]


def test_no_part_is_dropped_before_its_spans_may_go(empty_store: Store) -> None:
    """The engine drops a part by the dates that it saw when it wrote it: they must follow the spans' new dates."""
    (child,) = spans_of(request(CHILD))
    (parent,) = spans_of(request(TEAM), at=1)
    send(empty_store, child)
    send(empty_store, parent)
    inherit(empty_store, [child.trace_id], POLICY)
    last = (
        "SELECT min(toUInt32(toDate(delete_ttl_info_max))) AS day FROM system.parts"
        " WHERE database = currentDatabase() AND active AND table = 'spans'"
    )
    deadline = time.monotonic() + 20
    while (found := empty_store.query(f"{last} AND rows > 0 AND NOT startsWith(name, 'patch')").to_pylist()) and (
        found[0]["day"] != parent.retain_until and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert found == [{"day": parent.retain_until}]
    assert one(empty_store, 2)["team"] == "payments"


def test_what_was_read_under_an_earlier_policy_stays(empty_store: Store) -> None:
    send(empty_store, *spans_of(request(CHILD, resource={"spanledger.team": "support"})))
    send(empty_store, *spans_of(request({"id": 1, "attributes": {"session.id": "s1"}}), at=1))
    later = Policy(attributes=AttributeKeys(team=("cost_center",), session=("conversation",)))
    assert inherit(empty_store, [TRACE.hex()], later) == {TRACE.hex()}
    row = one(empty_store, 2)
    assert (row["team"], row["session_id"]) == ("support", "s1")


@pytest.mark.parametrize("first", ["child", "parent"])
def test_what_an_ingest_key_stamped_stays_under_a_parent_of_another_key(empty_store: Store, first: str) -> None:
    (child,) = spans_of(request(CHILD, resource=STAMPED), at=0 if first == "child" else 1)
    (parent,) = spans_of(request(TEAM), at=1 if first == "child" else 0)
    for span in (child, parent) if first == "child" else (parent, child):
        send(empty_store, span)
        inherit(empty_store, [child.trace_id], POLICY)
    row = one(empty_store, 2)
    assert (row["team"], row["workflow"]) == ("stamped", "unassigned"), "what another team names is not its own"


def test_a_run_of_one_request_and_one_that_names_nothing_are_left_alone(
    empty_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = spans_of(request(TEAM, CHILD))
    quiet = [
        request({**span, "trace": bytes([7] * 16)}, resource={"team": team})
        for span, team in ((CHILD, "sales"), ({"id": 1}, "payments"))
    ]
    send(empty_store, *whole)
    for at, body in enumerate(quiet):
        send(empty_store, *spans_of(body, at))
    asked = []
    query = empty_store.query
    monkeypatch.setattr(empty_store, "query", lambda *args: asked.append(args) or query(*args))
    assert inherit(empty_store, [whole[0].trace_id, "07" * 16], POLICY) == set()
    assert len(asked) == 2, "neither trace's spans are read"


def test_of_spans_that_are_above_each_other_none_hands_down(empty_store: Store) -> None:
    circle = [
        {"id": 1, "parent": 3, "attributes": {"spanledger.team": "payments"}},
        {"id": 2, "parent": 1, "attributes": {"spanledger.workflow": "refunds"}},
        {"id": 3, "parent": 2},
        {"id": 4, "parent": 2},
    ]
    expected = shown(spans_of(request(*circle)))
    for order in permutations(circle):
        assert shown(spans_of(request(*order))) == expected
    for at, span in enumerate(circle):
        send(empty_store, *spans_of(request(span), at))
        inherit(empty_store, [TRACE.hex()], POLICY)
    assert stored(empty_store, [TRACE.hex()]) == expected
    # The team is the only one of the trace.
    assert {number: (row["team"], row["workflow"]) for number in (1, 2, 3, 4) if (row := one(empty_store, number))} == {
        1: ("payments", "unassigned"),
        2: ("payments", "refunds"),
        3: ("payments", "unassigned"),
        4: ("payments", "refunds"),
    }
