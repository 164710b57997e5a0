"""Context of stored spans, resolved anew: what changes, as a function that needs no store."""

from __future__ import annotations

from schema.normalise.context import COLUMN_OF
from schema.policy.policy import Retention, RetentionRule
from schema.runs.late_context import ContextColumns, StoredContext, changed_contexts
from schema.span import UNASSIGNED

KEPT = Retention(days=30, rules=(RetentionRule(team="pay", days=90),))
DAY = 86_400 * 10**9
UNKNOWN = ContextColumns()


def stored(
    span_id: str, parent: str = "", *, received: int = 0, context: str = "", team: str = UNASSIGNED
) -> StoredContext:
    named = [("operator.team", context)] if context else []
    columns = UNKNOWN._replace(team=team)
    return StoredContext("t", span_id, parent, *columns, "", "shop", named, team, received, received // DAY + 30, "p")


def test_the_columns_are_those_that_context_fills() -> None:
    assert list(ContextColumns._fields) == list(COLUMN_OF.values())


def test_a_span_gets_the_team_of_its_parent_and_the_days_of_that_team() -> None:
    root, child = stored("a", context="pay", team="pay"), stored("b", "a")
    root = root._replace(retained=90)
    (change,) = changed_contexts([root, child], KEPT)
    assert change.copy is child
    assert (change.columns, change.retained, change.retention_changed) == (UNKNOWN._replace(team="pay"), 90, True)


def test_where_the_context_is_right_already_nothing_changes() -> None:
    settled = [stored("a", context="pay", team="pay"), stored("b", "a", team="pay")]
    assert list(changed_contexts(settled, KEPT)) == []
    assert list(changed_contexts([stored("a"), stored("b", "a")], KEPT)) == []


def test_all_copies_of_a_span_change_together_and_the_last_received_decides_when_it_is_deleted() -> None:
    root = stored("a", context="pay", team="pay")
    first, last = stored("b", "a"), stored("b", "a", received=2 * DAY)
    changes = list(changed_contexts([root, first, last], KEPT))
    assert [change.copy for change in changes] == [first, last]
    assert {change.retained for change in changes} == {92}


def test_another_workflow_s_days_stay_where_team_and_workflow_stay() -> None:
    root = stored("a")._replace(context=[("operator.session", "s")], session_id="s")
    (change,) = changed_contexts([root, stored("b", "a")], KEPT)
    assert (change.columns.session_id, change.retained, change.retention_changed) == ("s", 30, False)
