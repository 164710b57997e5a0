"""Runs that belong together, on the page of each of them: samples that share a session id, and real exports."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import sample_runs
from browsing import drawn, open_run, opened, page_of
from instance import Instance
from playwright.sync_api import Browser, Page, expect
from sample_runs import NOW

from dashboard import formatting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

FIRST, SECOND = 57, 58  # of one session and one team
ALONE = 59  # the same session id, another team


def test_run_says_which_of_its_session_it_is_and_leads_to_the_others(page: Page) -> None:
    open_run(page, FIRST)
    runs = [sample_runs.run(number, NOW) for number in (FIRST, SECOND)]
    cost = sum((span.cost_usd for run in runs for span in run if span.cost_usd), Decimal(0))
    heading = page.locator(".st-key-session .sl-heading")
    expect(heading).to_contain_text(f"session-19 · run 1 of 2 · cost {formatting.money(cost)}")
    expect(page.get_by_role("link", name="Previous run")).to_have_count(0)
    page.get_by_role("link", name="Next run").click()
    page.wait_for_url(re.compile(sample_runs.trace_of(SECOND)))
    expect(heading).to_contain_text("run 2 of 2")
    expect(page.get_by_role("heading", level=1)).to_have_text(runs[1][0].name)
    page.get_by_text("All 2 runs of this session").click()
    rows = page.get_by_role("table", name="Runs of this session").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    expect(rows.nth(1)).to_contain_text("this run")
    rows.first.get_by_role("link").click()
    page.wait_for_url(re.compile(sample_runs.trace_of(FIRST)))
    expect(heading).to_contain_text("run 1 of 2")


def test_replay_goes_on_with_the_next_run_of_the_session(page: Page) -> None:
    opened(page, f"/replay?trace={sample_runs.trace_of(FIRST)}&step=3")
    page.locator(".player[data-ready='1']").wait_for()
    page.get_by_role("link", name="Next run").click()
    page.wait_for_url(re.compile(rf"/replay\?trace={sample_runs.trace_of(SECOND)}&run_team=\w+$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(sample_runs.run(SECOND, NOW)[0].name)
    expect(page.locator(".position")).to_have_text(re.compile("^Step 1 of"))


def test_run_that_is_alone_has_no_session_around_it(page: Page) -> None:
    open_run(page, ALONE)
    expect(page.locator(".panel h2")).to_be_visible()
    expect(page.get_by_role("heading", name="Session")).to_have_count(0)


def test_list_of_runs_says_which_are_several_of_a_session(page: Page) -> None:
    opened(page, "/?range=7d")
    for number, note in ((FIRST, ["one of 2"]), (SECOND, ["one of 2"]), (ALONE, [])):
        row = page.locator(f"tr[data-key^='{sample_runs.trace_of(number)} ']")
        expect(row.locator("td").first.locator(".note")).to_have_text(note)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, exports: Path) -> Iterator[Instance]:
    """Real exports: 17 and 8 traces that only span links connect, and a run that was paused and resumed."""
    started = Instance(tmp_path_factory.mktemp("sessions") / "data").start()
    for folder in ("autogen-native", "openinference-langgraph"):
        for body in sorted((exports / folder).glob("*.traces.pb")):
            assert started.send(body.read_bytes()).status_code == 200
    started.settled()
    yield started
    started.stop()


@pytest.fixture
def exported(browser: Browser, instance: Instance) -> Iterator[Page]:
    with page_of(browser, instance) as page:
        yield page


def test_linked_traces_without_a_session_id_are_walked_from_first_to_last(exported: Page, instance: Instance) -> None:
    runs = instance.sql(
        "SELECT trace_id FROM runs FINAL WHERE first_trace_id = (SELECT first_trace_id FROM runs FINAL"
        " GROUP BY first_trace_id ORDER BY count() DESC LIMIT 1) ORDER BY runs.start_time, trace_id"
    )
    assert len(runs) == 17
    opened(exported, f"/run?trace={runs[0]['trace_id']}")
    for number, run in enumerate(runs[:4], start=1):
        exported.wait_for_url(re.compile(run["trace_id"]))
        expect(exported.locator(".st-key-session .sl-heading")).to_contain_text(f"run {number} of 17")
        exported.get_by_role("link", name="Next run").click()
    opened(exported, f"/run?trace={runs[-1]['trace_id']}")
    expect(exported.locator(".st-key-session .sl-heading")).to_contain_text("run 17 of 17")
    expect(exported.get_by_role("link", name="Next run")).to_have_count(0)
    exported.get_by_text("All 17 runs of this session").click()
    rows = exported.get_by_role("table", name="Runs of this session").locator("tbody tr")
    expect(rows).to_have_count(17)
    assert [row.get_attribute("data-key") for row in rows.all()] == [run["trace_id"] for run in runs]


def test_paused_run_leads_to_where_it_was_resumed(exported: Page, instance: Instance) -> None:
    paused, resumed = instance.sql(
        "SELECT trace_id FROM runs FINAL WHERE session_id = 'appr-1' ORDER BY runs.start_time"
    )
    opened(exported, f"/run?trace={paused['trace_id']}")
    expect(exported.locator(".st-key-session .sl-heading")).to_contain_text("appr-1 · run 1 of 2")
    exported.get_by_role("link", name="Next run").click()
    exported.wait_for_url(re.compile(resumed["trace_id"]))
    drawn(exported)
    expect(exported.locator(".st-key-session .sl-heading")).to_contain_text("run 2 of 2")
