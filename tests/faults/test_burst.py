"""A burst is acknowledged at full speed and stored without loss; the dashboard works and shows the progress."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from browsing import fact, opened, page_of
from instance import Instance
from load import assert_it_adds_up
from memory import BOUNDS, assert_memory_is_bounded, peaks
from playwright.sync_api import expect

from benchmarks.load import bodies, drive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

SPANS = int(os.environ.get("FAULT_BURST", "12000"))  # `make faults` takes 200,000
_BATCH = 120
_CONNECTIONS = 8
_PEAK_FACTOR = 2  # times its bound that a process may hold while it drains

pytestmark = pytest.mark.browser


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    started = Instance(tmp_path / "data").start()
    yield started
    started.stop()


def waiting(instance: Instance) -> int:
    return int(instance.api("GET", "/api/status").json()["waiting_spans"])


def shown_as_waiting(page: Page) -> int:
    """Return the number of waiting spans on the ledger page."""
    opened(page, "/ledger?range=24h")
    return int(fact(page, "Waiting").replace(",", ""))


@pytest.mark.timeout(1800)
def test_a_burst_drains_while_people_look(instance: Instance, browser: Browser) -> None:
    work = list(bodies(SPANS, _BATCH))
    begun = time.monotonic()
    sent = drive(f"{instance.endpoints['otlp_http']}/v1/traces", work, _CONNECTIONS)
    assert (sent["errors"], sent["unsent"]) == ({}, 0)
    print(f"{SPANS} spans acknowledged, {sent['spans_per_s']:.0f}/s, p99 {sent['p99_ms']} ms")  # noqa: T201 - shown with -s
    assert waiting(instance) > SPANS // 2, "this is no burst"
    with page_of(browser, instance) as page:
        left = [shown_as_waiting(page)]
        while waiting(instance) > _BATCH:
            opened(page, "/?range=24h")
            expect(page.get_by_role("table", name="Runs, newest first").locator("tbody tr").first).to_be_visible()
            trace = instance.api("POST", "/api/sql", json={"sql": "SELECT trace_id FROM runs LIMIT 1"})
            assert trace.status_code == 200
            opened(page, f"/costs?{urlencode({'range': '24h'})}")
            left.append(shown_as_waiting(page))
            print(f"{time.monotonic() - begun:.0f} s: {left[-1]} wait, peaks in MB {peaks(instance)}")  # noqa: T201
        instance.wait(lambda: waiting(instance) == 0, "the burst to drain")
        print(f"drained after {time.monotonic() - begun:.0f} s, peaks in MB {peaks(instance)}")  # noqa: T201
        assert len(left) > 1
        assert left == sorted(left, reverse=True)
        assert 0 < left[0] <= SPANS
        instance.wait(lambda: shown_as_waiting(page) == 0, "an empty queue on the page")
    counted = instance.sql("SELECT count() AS rows, uniqExact(span_id) AS spans FROM spans")[0]
    assert counted == {"rows": SPANS, "spans": SPANS}
    assert instance.sql("SELECT sum(span_count) AS spans FROM runs FINAL")[0] == {"spans": SPANS}
    assert_it_adds_up(instance)
    assert {role: peak for role, peak in peaks(instance).items() if peak * 10**6 > _PEAK_FACTOR * BOUNDS[role]} == {}
    assert_memory_is_bounded(instance)
