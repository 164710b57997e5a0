"""The outcome of a run: the spans' own word, else the evaluators', else a failed root or agent, else unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from schema.runs.outcome import ended_in_error, outcome_of
from schema.span import RunSpan, Span

ROOT = Span(trace_id="1" * 32, span_id="root", kind="workflow", status="ok")


def below(parent: str, span_id: str, **more: Any) -> Span:
    return replace(ROOT, span_id=span_id, parent_span_id=parent, **more)


def ended(*spans: Span) -> bool:
    return ended_in_error(cast("list[RunSpan]", list(spans)))


@pytest.mark.parametrize(
    ("stated", "verdict", "error", "outcome"),
    [
        ("", "", False, "unknown"),
        ("", "", True, "failure"),
        ("", "success", False, "success"),
        ("", "success", True, "success"),
        ("", "failure", False, "failure"),
        ("", "failure", True, "failure"),
        *((stated, verdict, error, stated)
          for stated in ("success", "failure", "escalated", "unknown")
          for verdict in ("", "success", "failure")
          for error in (False, True)),
    ],
)  # fmt: skip
def test_the_first_source_that_says_something_decides(stated: str, verdict: str, outcome: str, *, error: bool) -> None:
    assert outcome_of(stated=stated, verdict=verdict, error=error) == outcome


@pytest.mark.parametrize(
    ("spans", "error"),
    [
        ([], False),
        ([ROOT], False),
        ([replace(ROOT, status="unset")], False),
        ([replace(ROOT, status="error")], True),
        ([replace(ROOT, status="error", approval_status="requested")], False),
        ([replace(ROOT, status="error", approval_status="rejected")], True),
        ([ROOT, below("root", "t", kind="tool", status="error")], False),
        ([ROOT, below("missing", "t", kind="tool", status="error")], True),
        ([ROOT, below("root", "a", kind="agent", status="error")], True),
        ([ROOT, below("root", "f", kind="other"), below("f", "a", kind="agent", status="error")], True),
        ([ROOT, below("root", "t", kind="tool"), below("t", "a", kind="agent", status="error")], False),
        ([replace(ROOT, kind="agent"), below("root", "a", kind="agent", status="error")], True),
        ([ROOT, below("root", "b", kind="agent"), below("b", "a", kind="agent", status="error")], False),
        ([below("g", "f"), below("f", "g"), below("f", "a", kind="agent", status="error")], False),
    ],
    ids=[
        *("no span", "a root", "a root without status", "a failed root", "a root that waits", "a rejected root"),
        *("a failed tool", "a failed orphan", "a failed agent", "an agent below frames", "an agent that a tool called"),
        *("an agent below a root agent", "an agent that an agent called", "an agent below a circle of frames"),
    ],
)
def test_a_run_ends_in_an_error_if_a_root_or_an_outermost_agent_failed(spans: list[Span], *, error: bool) -> None:
    assert ended(*spans) is error
