"""What the panel of a span says of the tools that a model was offered and of an evaluator's result."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import sample_runs
from browsing import open_run
from playwright.sync_api import expect
from sample_runs import EVALUATED_RUN, NOW

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_offered_tools_are_one_line_until_they_are_opened(page: Page) -> None:
    call = next(span for span in sample_runs.evaluated_run(EVALUATED_RUN, NOW) if span.kind == "llm")
    open_run(page, EVALUATED_RUN, f"&span={call.span_id}")
    tools = page.locator(".panel [data-content=input] .tools")
    summary = tools.locator("summary").first
    expect(summary).to_contain_text(f"2 tools offered{'lookup_order, ' + sample_runs.HOSTILE}")
    expect(tools.get_by_text("Looks an order up.")).to_have_count(0)
    summary.focus()
    page.keyboard.press("Enter")
    expect(tools.get_by_text("Looks an order up.")).to_be_visible()
    page.get_by_label("Parameters of lookup_order").click()
    expect(tools.locator(".json")).to_contain_text('"integer"')
    page.get_by_text("6 earlier messages").click()
    first = page.locator(".panel [data-content=input] .earlier .message").first
    expect(first).to_have_text(re.compile("system.*You are a patient support agent", re.IGNORECASE | re.DOTALL))
    assert page.evaluate("window.hacked") is None


def test_a_conversation_shows_failed_tools_unknown_blocks_and_what_is_beside_them(page: Page) -> None:
    call = next(span for span in sample_runs.evaluated_run(EVALUATED_RUN, NOW) if span.kind == "llm")
    open_run(page, EVALUATED_RUN, f"&span={call.span_id}")
    shown = page.locator(".panel [data-content=input] .message")
    result, other = shown.nth(-2), shown.nth(-1)
    expect(result.locator(".call.failed .call-head")).to_have_text("✕ error")
    expect(result.locator(".extra")).to_have_text('is_error: true · cache_control: {"type":"ephemeral"}')
    expect(other.locator(".call-head")).to_have_text("hologram")
    expect(other.locator(".call .json")).to_contain_text('"depth": 3')
    expect(other.locator(".extra").last).to_have_text("channel: radio")
    other.locator(".extra summary").click()
    expect(other.locator(".extra .json")).to_contain_text(json.dumps(sample_runs.HOSTILE * 2))
    assert page.evaluate("window.hacked") is None


def test_what_an_evaluator_says_is_a_fact_of_its_span(page: Page) -> None:
    open_run(page, EVALUATED_RUN)
    page.get_by_role("treeitem").filter(has_text="judge").click()
    panel = page.locator(".panel")
    expect(panel.locator("h2")).to_have_text("judge")
    expect(panel.locator(".facts div", has_text="Evaluation")).to_contain_text("failure")
