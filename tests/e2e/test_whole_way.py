"""The whole product as `spanledger demo` starts it: from the exporter through the receiver to figures on the page."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from browsing import fact, opened, page_of
from instance import Instance
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from playwright.sync_api import Browser, Page, expect

from collector.demo.people import PEOPLE
from dashboard import formatting

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    started = Instance(tmp_path_factory.mktemp("demo") / "data").start("demo")
    started.wait(lambda: "Ctrl-C" in started.log.read_text(), "the samples")
    started.settled()
    yield started
    started.stop()


@pytest.fixture
def page(browser: Browser, instance: Instance) -> Iterator[Page]:
    with page_of(browser, instance) as page:
        yield page


def row(page: Page, table: str, first: str) -> list[str]:
    named = page.locator("td:first-child", has_text=re.compile(f"^\\s*{re.escape(first)}\\s*$"))
    found = page.get_by_role("table", name=table).locator("tbody tr", has=named)
    expect(found.first).to_be_visible()
    return found.first.locator("td .text").all_inner_texts()


def test_runs_of_three_teams_are_listed_with_the_sums_of_their_spans(page: Page, instance: Instance) -> None:
    opened(page, "/?range=7d")
    expect(page.get_by_role("table", name="Runs, newest first").locator("tbody tr").first).to_be_visible()
    independent = instance.sql(
        "SELECT uniqExact(trace_id) AS runs, sum(cost_usd) AS cost, uniqExact(team) AS teams,"
        " countIf(kind = 'llm' AND status != 'error' AND cost_usd IS NULL AND input_tokens IS NOT NULL) AS unpriced"
        " FROM spans WHERE team IN ('payments', 'support', 'logistics')"
    )[0]
    assert independent["teams"] == 3
    assert fact(page, "Runs") == str(independent["runs"])
    assert fact(page, "Cost") == formatting.money(Decimal(str(independent["cost"])))
    expect(page.get_by_text(f"{independent['unpriced']} calls without a price")).to_be_visible()


@pytest.mark.parametrize("workflow", ["refunds", "triage", "help-center", "shipment-tracking", "customs-papers"])
def test_a_run_of_every_workflow_opens_as_its_tree(page: Page, instance: Instance, workflow: str) -> None:
    spans = instance.sql(
        "SELECT name, span_id FROM spans WHERE trace_id ="
        f" (SELECT trace_id FROM runs FINAL WHERE workflow = '{workflow}' ORDER BY span_count DESC, trace_id LIMIT 1)"
    )
    trace = instance.sql(f"SELECT trace_id FROM spans WHERE span_id = '{spans[0]['span_id']}'")[0]["trace_id"]
    opened(page, f"/run?trace={trace}")
    page.locator(".trace[data-ready='1']").wait_for()
    rows = page.get_by_role("treeitem")
    expect(rows).to_have_count(len(spans))
    assert sorted(rows.locator(".label").all_inner_texts()) == sorted(span["name"] for span in spans)


def test_costs_by_team_and_latency_by_model_equal_sql_over_spans(page: Page, instance: Instance) -> None:
    opened(page, "/costs?range=7d")
    for team in ("payments", "support", "logistics"):
        cost = instance.sql(f"SELECT sum(cost_usd) AS cost FROM spans WHERE team = '{team}'")[0]["cost"]
        assert formatting.money(Decimal(str(cost))) in row(page, "Cost by team", team)
    opened(page, "/latency?range=7d&by=model")
    model = "claude-sonnet-4-5"
    durations = [
        int(each["duration_ns"])
        for each in instance.sql(f"SELECT duration_ns FROM spans WHERE kind = 'llm' AND model = '{model}' ORDER BY 1")
    ]
    shown = row(page, "Duration by model", model)
    assert str(len(durations)) in shown
    for quantile in (0.5, 0.95, 0.99):
        assert formatting.duration(durations[int(len(durations) * quantile)]) in shown


def test_replay_steps_through_a_run_and_back(page: Page, instance: Instance) -> None:
    trace = instance.sql("SELECT trace_id FROM runs FINAL WHERE workflow = 'refunds' ORDER BY trace_id LIMIT 1")[0]
    opened(page, f"/replay?trace={trace['trace_id']}")
    page.locator(".player[data-ready='1']").wait_for()
    position = page.locator(".position")
    expect(position).to_have_text(re.compile(r"^Step 1 of \d+$"))
    page.get_by_role("button", name="Step forward").click()
    expect(position).to_have_text(re.compile(r"^Step 2 of \d+$"))
    page.get_by_role("button", name="Step back").click()
    expect(position).to_have_text(re.compile(r"^Step 1 of \d+$"))


def test_nobody_of_the_samples_is_on_a_page(page: Page, instance: Instance) -> None:
    trace = instance.sql("SELECT trace_id FROM runs FINAL WHERE workflow = 'refunds' ORDER BY trace_id LIMIT 1")[0]
    for address in ("/?range=7d", f"/run?trace={trace['trace_id']}", f"/replay?trace={trace['trace_id']}&step=3"):
        opened(page, address)
        expect(page.get_by_text("<PERSON>").filter(visible=True).first).to_be_visible()
        shown = page.locator("body").aria_snapshot()  # what a reader gets, inside components too
        assert "PERSON" in shown
        for person in PEOPLE:
            assert person.name not in shown
            assert person.email not in shown


def test_a_live_program_appears_on_the_open_page(page: Page, instance: Instance) -> None:
    opened(page, "/?range=15m")
    provider = TracerProvider(resource=Resource({"service.name": "live", "spanledger.team": "live-team"}))
    exporter = OTLPSpanExporter(endpoint=f"{instance.endpoints['otlp_http']}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    word = f"parcel-{time.time_ns()}"
    with provider.get_tracer("test").start_as_current_span("agent run") as span:
        span.set_attribute("input.value", f"Where is {word}?")
    provider.shutdown()
    expect(page.get_by_text(word)).to_be_visible()
