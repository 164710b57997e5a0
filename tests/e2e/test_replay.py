"""A run played step by step."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import sample_runs
from browsing import opened
from playwright.sync_api import Page, expect
from sample_runs import NOW, PAYMENTS_RUN

from dashboard import formatting

pytestmark = pytest.mark.browser


def test_replay_steps_forward_and_back(page: Page) -> None:
    opened(page, f"/replay?trace={sample_runs.trace_of(PAYMENTS_RUN)}")
    player = page.locator(".player[data-ready='1']")
    player.wait_for()
    heading = page.locator(".scene h2")
    expect(page.locator(".position")).to_have_text(re.compile(r"^Step 1 of \d+$"))
    expect(heading).to_have_text("refund agent")
    page.get_by_role("button", name="Step forward").click()
    expect(heading).to_have_text("check input")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("step=4"))
    expect(page.locator(".position")).to_have_text(re.compile("^Step 4 of"))
    page.get_by_role("button", name="Step back").click()
    page.wait_for_url(re.compile("step=3"))
    page.get_by_role("button", name="Last step").click()
    calls = [span for span in sample_runs.run(PAYMENTS_RUN, NOW) if span.kind == "llm"]
    cost = sum((call.cost_usd for call in calls if call.cost_usd), Decimal(0))
    expect(page.locator(".totals")).to_contain_text(formatting.money(cost))
    expect(page.locator(".totals")).to_contain_text(f"{sum(call.input_tokens or 0 for call in calls):,}")


def test_replay_plays_to_the_end_and_stops(page: Page) -> None:
    opened(page, f"/replay?trace={sample_runs.trace_of(PAYMENTS_RUN)}")
    page.locator(".player[data-ready='1']").wait_for()
    page.get_by_label("Steps per second").select_option("20")
    page.get_by_role("button", name="Play").click()
    position = page.locator(".position")
    expect(position).to_have_text(re.compile(r"^Step (\d+) of \1$"))
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    steps = position.inner_text().split()[1]
    page.wait_for_url(re.compile(f"step={steps}"))
