"""Where team, workflow, session and the rest of a span come from."""

from __future__ import annotations

from otlp_requests import span_with, spans_of

from schema.policy.policy import AttributeKeys, Policy


def test_the_nearest_ancestor_names_the_team() -> None:
    spans = spans_of(
        {"id": 1, "attributes": {"spanledger.team": "root", "session.id": "s"}},
        {"id": 2, "parent": 1, "attributes": {"spanledger.team": "middle"}},
        {"id": 3, "parent": 2},
        {"id": 4, "parent": 1},
        {"id": 5},
        resource={"service.namespace": "house", "deployment.environment.name": "prod", "service.version": "7"},
    )
    assert [span.team for span in spans] == ["root", "middle", "middle", "root", "house"]
    assert [span.session_id for span in spans] == ["s", "", "", "s", ""], "a session is of one team"
    assert {(span.environment, span.workflow_version, span.workflow) for span in spans} == {("prod", "7", "unassigned")}


def test_a_child_may_come_before_its_parent_in_the_request() -> None:
    child, _ = spans_of({"id": 2, "parent": 1}, {"id": 1, "attributes": {"spanledger.team": "t"}})
    assert child.team == "t"


def test_association_keys_win_over_the_resource_and_lose_to_an_ancestor() -> None:
    association = {
        "traceloop.association.properties.team": "associated",
        "traceloop.association.properties.user_id": "u",
    }
    spans = spans_of(
        {"id": 1, "attributes": {"team": "explicit"}},
        {"id": 2, "parent": 1, "attributes": association},
        {"id": 3, "attributes": association},
        resource={"team": "resource"},
    )
    assert [span.team for span in spans] == ["explicit", "explicit", "associated"]
    assert [span.user_id for span in spans] == ["", "u", "u"]


def test_a_workflow_that_a_framework_named_loses_to_the_resource() -> None:
    named = {"gen_ai.workflow.name": "Agent workflow"}
    assert spans_of({"attributes": named}, resource={"agentops.workflow": "refunds"})[0].workflow == "refunds"
    assert spans_of({"attributes": named})[0].workflow == "Agent workflow"
    by_hand = named | {"spanledger.outcome": "success"}
    assert (
        spans_of({"attributes": by_hand}, resource={"spanledger.workflow": "refunds"})[0].workflow == "Agent workflow"
    )


def test_a_thread_is_a_session_unless_the_trace_names_one() -> None:
    root, child = spans_of(
        {"id": 1, "attributes": {"gen_ai.conversation.id": "thread"}},
        {"id": 2, "parent": 1, "attributes": {"traceloop.association.properties.session_id": "s"}},
    )
    assert (root.session_id, child.session_id) == ("s", "s")
    assert span_with({"gen_ai.conversation.id": "thread"}).session_id == "thread"


def test_the_policy_says_which_keys_name_the_team() -> None:
    policy = Policy(attributes=AttributeKeys(team=("cost.centre",)))
    span = spans_of({"attributes": {"cost.centre": "42", "team": "x"}}, policy=policy)[0]
    assert span.team == "42"
    assert span.attributes["team"] == "x"


def test_parents_in_a_circle_end() -> None:
    assert [span.team for span in spans_of({"id": 1, "parent": 2}, {"id": 2, "parent": 1})] == ["unassigned"] * 2
