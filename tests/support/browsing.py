"""Opens pages of the dashboard and reads their content."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sample_runs
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from instance import Instance
    from playwright.sync_api import Browser, Page

_PATIENCE_MS = 30_000  # how long a busy machine may take


@contextmanager
def page_of(browser: Browser, instance: Instance) -> Iterator[Page]:
    """Yield a fresh tab on the dashboard of a running instance."""
    context = browser.new_context(base_url=instance.endpoints["dashboard"], viewport={"width": 1500, "height": 1000})
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    yield context.new_page()
    context.close()


def opened(page: Page, address: str) -> Page:
    """Open an address and wait until its page is drawn."""
    page.goto(address)
    drawn(page)
    return page


def drawn(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("#page-end").wait_for(state="attached")


def open_run(page: Page, number: int, more: str = "") -> Page:
    """Open the sample run of this number and wait for its tree."""
    opened(page, f"/run?trace={sample_runs.trace_of(number)}{more}")
    page.locator(".trace[data-ready='1']").wait_for()
    return page


def fact(page: Page, label: str) -> str:
    """Return the figure of the summary that has this label."""
    box = page.locator(".sl-fact", has=page.locator("dt", has_text=re.compile(f"^{re.escape(label)}$")))
    return box.locator("dd").first.inner_text()
