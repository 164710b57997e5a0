"""The page of the ledger as a person sees it."""

from __future__ import annotations

import pytest
from browsing import fact, opened
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def rows(page: Page, table: str) -> dict[str, list[str]]:
    found = page.get_by_role("table", name=table).locator("tbody tr")
    expect(found.first).to_be_visible()
    texts = [row.locator("td .text").all_inner_texts() for row in found.all()]
    return {text[0]: text[1:] for text in texts}


def test_the_ledger_says_what_became_of_what_was_received(page: Page) -> None:
    opened(page, "/?range=24h")
    page.get_by_role("link", name="Ledger").click()
    page.wait_for_url("**/ledger?range=24h")
    assert rows(page, "What became of what was received") == {
        "payments": ["traces", "1,540", "1,500", "0", "40", "1,300", "150", "50", "✓ yes"],
        "support": ["traces", "12", "7", "5", "0", "7", "0", "0", "✓ yes"],
    }
    said = "It adds up: 1,507 accepted = 1,307 stored + 150 waiting + 50 quarantined."
    expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
    assert rows(page, "Why it was rejected") == {"bad request": ["3", "—"], "invalid ids": ["0", "5"]}
    expect(page.get_by_text("and 3 refused requests of unknown size")).to_be_visible()
    assert fact(page, "Redaction failures") == "2"


def test_a_range_without_anything_is_a_sentence(page: Page) -> None:
    opened(page, "/ledger?range=custom&from=2020-01-01T00:00Z&to=2020-01-02T00:00Z")
    expect(page.get_by_role("alert").filter(has_text="Nothing was received")).to_be_visible()
