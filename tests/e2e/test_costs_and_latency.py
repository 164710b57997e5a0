"""Costs and latency as a person sees them are those of the spans."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import sample_runs
from browsing import fact, opened
from playwright.sync_api import Page, expect
from sample_runs import ARRIVING_RUN, CLOSED_RUN, EVALUATED_RUN, HOSTILE_RUN, LARGE_RUN, NOW

from dashboard import formatting

pytestmark = pytest.mark.browser


def cells(page: Page, table: str) -> dict[str, list[str]]:
    """Return the texts of a table's rows by their first cell."""
    rows = page.get_by_role("table", name=table).locator("tbody tr")
    expect(rows.first).to_be_visible()
    texts = [row.locator("td .text").all_inner_texts() for row in rows.all()]
    return {text[0]: text[1:] for text in texts}


def sample_spans() -> list[sample_runs.Span]:
    spans = [span for number in range(60) for span in sample_runs.run(number, NOW)]
    spans += sample_runs.hostile_run(HOSTILE_RUN, NOW) + sample_runs.evaluated_run(EVALUATED_RUN, NOW)
    spans += [span for number in (CLOSED_RUN, ARRIVING_RUN) for span in sample_runs.incomplete_run(number, NOW)]
    return spans + sample_runs.large_run(LARGE_RUN, NOW, 10_000)


@pytest.mark.parametrize("by", ["team", "workflow", "model"])
def test_costs_are_those_of_the_spans(page: Page, by: str) -> None:
    opened(page, "/costs?range=7d")
    shown = cells(page, f"Cost by {by}")
    calls = [span for span in sample_spans() if span.kind == "llm"]
    groups = {getattr(call, by) for call in calls}
    assert set(shown) >= {group or "(not named)" for group in groups}
    for group in groups:
        mine = [call for call in calls if getattr(call, by) == group]
        priced = [call.cost_usd for call in mine if call.cost_usd is not None]
        cost, unpriced, count, *_ = shown[group or "(not named)"]
        assert cost == (formatting.money(sum(priced, Decimal(0))) if priced else "no price")
        assert unpriced == formatting.count(len(mine) - len(priced))
        assert count == formatting.count(len(mine))
    assert fact(page, "Calls without a price") == formatting.count(sum(call.cost_usd is None for call in calls))
    assert fact(page, "Cost") == formatting.money(sum((call.cost_usd for call in calls if call.cost_usd), Decimal(0)))


def test_cost_chart_switches_between_team_and_workflow(page: Page) -> None:
    opened(page, "/costs?range=7d")
    legend = page.locator(".js-plotly-plot .legendtext")
    expect(legend).to_have_text(["support", "payments"])
    page.get_by_role("radio", name="Workflow").click()
    page.wait_for_url(re.compile("by=workflow"))
    expect(legend).to_have_text(["triage", "refund", "dispute-letter", "answer-ticket"])


def exact_quantile(values: list[int], level: float) -> int:
    """ClickHouse's quantileExact: the element at position level * n, from 0."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(level * len(ordered)))]


@pytest.mark.parametrize(("by", "kind", "column"), [("model", "llm", "model"), ("tool", "tool", "tool_name")])
def test_latency_is_that_of_the_spans(page: Page, by: str, kind: str, column: str) -> None:
    opened(page, f"/latency?range=7d&by={by}")
    shown = cells(page, f"Duration by {by}")
    spans = [span for span in sample_spans() if span.kind == kind and getattr(span, column)]
    for label in {getattr(span, column) for span in spans}:
        mine = [span for span in spans if getattr(span, column) == label]
        durations = [span.duration_ns for span in mine]
        errors = sum(span.status == "error" for span in mine)
        count, failed, rate, *quantiles = shown[label]
        assert (count, failed) == (formatting.count(len(mine)), formatting.count(errors))
        assert rate == formatting.share(errors, len(mine))
        assert quantiles == [formatting.duration(exact_quantile(durations, level)) for level in (0.5, 0.95, 0.99)]
