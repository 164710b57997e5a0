from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.filters import DEFAULT_RANGE, RANGES, parse

NOW = datetime(2026, 11, 22, 8, 30, 17, tzinfo=UTC)


def test_bare_address_is_the_last_day() -> None:
    selection = parse({}, NOW)
    assert selection.range == DEFAULT_RANGE
    assert selection.filter.start == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    assert selection.problems == ()


@pytest.mark.parametrize("name", RANGES)
def test_range_covers_all_of_what_it_says_up_to_now(name: str) -> None:
    chosen = parse({"range": [name]}, NOW).filter
    assert chosen.start <= NOW - RANGES[name]
    assert chosen.end > NOW


def test_question_stays_the_same_within_a_minute() -> None:
    assert parse({}, NOW) == parse({}, NOW + timedelta(seconds=40))


def test_custom_range_reads_zones() -> None:
    chosen = parse({"from": ["2026-01-31T14:00+02:00"], "to": ["2026-01-31T13:00"]}, NOW)
    assert chosen.range == "custom"
    assert chosen.filter.start == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert chosen.filter.end == datetime(2026, 1, 31, 13, tzinfo=UTC)


def test_teams_and_workflows_are_repeated_parameters() -> None:
    chosen = parse({"team": ["support", "pay;ments", "support", ""], "workflow": ["a b"]}, NOW).filter
    assert chosen.teams == ("support", "pay;ments")
    assert chosen.workflows == ("a b",)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"range": ["9z"]}, "“9z”"),
        ({"range": ["custom"], "from": ["yesterday"]}, "from=yesterday"),
        ({"range": ["custom"], "from": ["2026-01-02"], "to": ["2026-01-01"]}, "not before"),
    ],
)
def test_what_cannot_be_understood_is_said_and_the_default_shown(query: dict[str, list[str]], said: str) -> None:
    selection = parse(query, NOW)
    assert said in selection.problems[0]
    assert selection.range == DEFAULT_RANGE
    assert selection.filter == parse({}, NOW).filter


@given(st.dictionaries(st.sampled_from(["range", "from", "to", "team", "workflow"]), st.lists(st.text(), max_size=3)))
def test_any_address_gives_a_range(query: dict[str, list[str]]) -> None:
    chosen = parse(query, NOW).filter
    assert chosen.start < chosen.end
