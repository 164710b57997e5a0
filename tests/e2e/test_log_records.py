"""Log records of a run, where a person looks for them: at the span that they name, or below the tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sample_runs
from browsing import open_run
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LOGGED_RUN = 74


def test_records_of_a_span_are_one_line_each_until_they_are_opened(page: Page) -> None:
    open_run(page, LOGGED_RUN)
    panel = page.locator(".panel")
    expect(panel.get_by_text("3 records")).to_be_visible()
    expect(panel.locator(".record")).to_have_count(0)
    panel.get_by_text("Log records").click()
    records = panel.locator(".record")
    expect(records).to_have_count(3)
    expect(records.first).to_have_text(re.compile(r"^\+0 s\s*ERROR\s*order.checked"))
    records.nth(1).locator("summary").focus()
    page.keyboard.press("Enter")
    expect(records.nth(1).locator(".pre")).to_have_text(re.compile(r'"order": 1'))
    expect(records.nth(1).locator("dt").filter(has_text=sample_runs.HOSTILE)).to_be_visible()
    expect(records.nth(1).locator(".ids")).to_contain_text("support-agent · support.agent · span ")
    assert page.evaluate("window.hacked") is None


def test_records_without_a_span_come_a_hundred_at_a_time(page: Page) -> None:
    open_run(page, LOGGED_RUN)
    expect(page.get_by_role("heading", name="Records without a span")).to_be_visible()
    region = page.get_by_role("region", name="Log records without a span")
    expect(region.locator(".record")).to_have_count(100)
    expect(region.get_by_text("150 more not shown")).to_be_visible()
    region.get_by_role("button", name="Show the next 100").click()
    expect(region.locator(".record")).to_have_count(200)
    expect(region.locator(".record summary").nth(100)).to_be_focused()
    region.get_by_role("button", name="Show the next 50").click()
    expect(region.locator(".record")).to_have_count(250)
    expect(region.get_by_text("more not shown")).to_have_count(0)
    offsets = region.locator(".record .at").all_inner_texts()
    assert (offsets[0], offsets[-1]) == ("+3.00 ms", "+252 ms")
    assert page.evaluate("window.hacked") is None


def test_run_without_records_says_nothing_of_them(page: Page) -> None:
    open_run(page, 57)
    expect(page.locator(".panel h2")).to_be_visible()
    expect(page.get_by_text("Records without a span")).to_have_count(0)
    expect(page.locator(".panel").get_by_text("Log records")).to_have_count(0)
