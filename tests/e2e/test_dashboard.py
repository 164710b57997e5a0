"""The dashboard as a person sees it: a real browser, a real server, figures that the spans themselves give."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest
import sample_runs
from browsing import fact, open_run, opened
from PIL import Image
from playwright.sync_api import Page, expect
from sample_runs import ARRIVING_RUN, CLOSED_RUN, HOSTILE_RUN, LARGE_RUN, NOW, PAYMENTS_RUN

from dashboard import formatting

if TYPE_CHECKING:
    from conftest import Dashboard  # type: ignore[attr-defined]  # each test folder has one

pytestmark = pytest.mark.browser

FAILED_RUN = 56  # failure, with a tool that timed out


SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


def hexadecimal(color: tuple[int, ...]) -> str:
    return "#{:02X}{:02X}{:02X}".format(*color[:3])


def test_runs_of_several_teams_are_listed(page: Page) -> None:
    opened(page, "/?range=7d")
    table = page.get_by_role("table", name="Runs, newest first")
    expect(table.locator("tbody tr")).to_have_count(65)
    teams = set(table.locator("tbody td:nth-child(2)").all_inner_texts())
    assert teams == {"support", "payments", "research"}
    assert fact(page, "Runs") == "65"
    expect(page.get_by_text("65 of 65 runs shown")).to_be_visible()


def test_click_opens_the_tree_of_the_run(page: Page) -> None:
    opened(page, "/?range=7d&team=payments")
    expected = sample_runs.run(PAYMENTS_RUN, NOW)
    row = page.locator(f"tr[data-key^='{expected[0].trace_id} ']")
    row.get_by_text("Where is order").click()
    page.wait_for_url(re.compile(rf"/run\?trace={expected[0].trace_id}"))
    assert "range=7d&team=payments" in page.url, "the filter is kept for the way back"
    page.locator(".trace[data-ready='1']").wait_for()
    rows = page.get_by_role("treeitem")
    expect(rows).to_have_count(len(expected))
    assert sorted(rows.locator(".label").all_inner_texts()) == sorted(span.name for span in expected)
    page.get_by_role("link", name="Runs").last.click()
    page.wait_for_url(re.compile(r"/\?range=7d&team=payments$"))


def test_waterfall_is_really_painted(page: Page) -> None:
    open_run(page, PAYMENTS_RUN)
    tree = page.get_by_role("tree")
    image = Image.open(io.BytesIO(tree.screenshot(animations="disabled"))).convert("RGB")
    origin = tree.bounding_box()
    assert origin is not None
    kinds = {"agent": "#0072B2", "llm": "#CC79A7", "tool": "#E69F00", "guardrail": "#009E73", "retrieval": "#56B4E9"}
    by_name = {span.name: span for span in sample_runs.run(PAYMENTS_RUN, NOW)}
    seen = set()
    for row in page.get_by_role("treeitem").all():
        span = by_name[row.locator(".label").inner_text()]
        bar = row.locator(".bar").bounding_box()
        assert bar is not None
        assert bar["width"] >= 3
        if span.kind not in kinds:
            continue
        at = (int(bar["x"] - origin["x"] + min(bar["width"] / 3, 20)), int(bar["y"] - origin["y"] + bar["height"] / 2))
        pixel = image.getpixel(at)
        assert isinstance(pixel, tuple)
        assert hexadecimal(pixel) == kinds[span.kind], f"{span.name} at {at}"
        seen.add(span.kind)
    assert seen == set(kinds)


def test_bars_lie_where_the_spans_lie_in_time(page: Page) -> None:
    open_run(page, PAYMENTS_RUN)
    spans = {span.span_id: span for span in sample_runs.run(PAYMENTS_RUN, NOW)}
    root = next(iter(spans.values()))
    lane = page.get_by_role("treeitem").first.locator(".time").bounding_box()
    assert lane is not None
    for row in page.get_by_role("treeitem").all():
        span = spans[row.get_attribute("data-span") or ""]
        bar = row.locator(".bar").bounding_box()
        assert bar is not None
        assert bar["x"] - lane["x"] == pytest.approx(
            (span.start_time - NOW) / root.duration_ns * lane["width"], abs=1.5
        )
        assert bar["width"] == pytest.approx(max(3, span.duration_ns / root.duration_ns * lane["width"]), abs=1.5)


def test_selected_span_shows_its_input_and_output(page: Page) -> None:
    open_run(page, PAYMENTS_RUN)
    call = next(span for span in sample_runs.run(PAYMENTS_RUN, NOW) if span.kind == "llm")
    page.locator(f"[data-span='{call.span_id}']").click()
    panel = page.locator(".panel")
    expect(panel.locator("[data-content=input]")).to_contain_text(f"Where is order {4000 + PAYMENTS_RUN}?")
    expect(panel.locator("[data-content=input]")).to_contain_text("You are a patient support agent.")
    expect(panel.locator("[data-content=output]")).to_contain_text("(turn 1)")
    expect(panel).to_contain_text(formatting.money(call.cost_usd))
    expect(panel).to_contain_text(f"{call.input_tokens} in · {call.output_tokens} out")
    page.wait_for_url(re.compile(f"span={call.span_id}"))


def test_back_button_returns_to_the_span_before(page: Page) -> None:
    open_run(page, PAYMENTS_RUN)
    for name in ("check input", "lookup_order 1"):
        row = page.get_by_role("treeitem").filter(has_text=name)
        span = row.get_attribute("data-span")
        row.click()
        page.wait_for_url(re.compile(f"span={span}"))
    page.go_back()
    expect(page.locator(".panel h2", has_text="check input")).to_be_visible()
    expect(page.locator(".row.selected .label", has_text="check input")).to_be_visible()


def test_error_is_said_in_words_and_found_by_key(page: Page) -> None:
    open_run(page, FAILED_RUN)
    page.get_by_role("tree").focus()
    page.keyboard.press("End")
    page.keyboard.press("e")
    page.keyboard.press("e")
    expect(page.locator(".row.selected .label")).to_have_text(re.compile("lookup_order"))
    expect(page.locator(".panel .problem")).to_contain_text("TimeoutError")
    expect(page.locator(".panel .problem")).to_contain_text("did not answer in 300 ms")


def test_keyboard_walks_folds_and_searches(page: Page) -> None:
    open_run(page, PAYMENTS_RUN)
    tree = page.get_by_role("tree")
    tree.focus()
    everything = page.get_by_role("treeitem").count()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("treeitem")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem")).to_have_count(everything)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".row.selected .label")).to_have_text("check input")
    page.keyboard.press("/")
    page.keyboard.type("policies")
    page.keyboard.press("Enter")
    expect(page.locator(".row.selected .label")).to_have_text("search policies")
    expect(page.locator(".panel [data-content=output]")).to_contain_text("Returns within 30 days")


def test_run_of_ten_thousand_spans_stays_usable(page: Page) -> None:
    open_run(page, LARGE_RUN)
    expect(page.locator(".found")).to_have_text("10,000 spans")
    assert page.get_by_role("treeitem").count() < 80, "only the rows in view exist"
    page.get_by_role("tree").focus()
    page.keyboard.press("End")
    expect(page.locator(".row.selected .label")).to_have_text("step 9999")
    page.get_by_label("Search spans").fill("step 4321")
    page.get_by_label("Search spans").press("Enter")
    expect(page.locator(".panel h2")).to_have_text("step 4321")
    expect(page.locator(".row.selected .label")).to_be_in_viewport()


def test_markup_from_senders_is_text(page: Page) -> None:
    opened(page, "/?range=7d")
    expect(page.get_by_role("table").get_by_text(sample_runs.HOSTILE)).to_be_visible()
    open_run(page, HOSTILE_RUN)
    expect(page.get_by_role("heading", level=1)).to_have_text(sample_runs.HOSTILE)
    expect(page.locator(".row .label").first).to_have_text(sample_runs.HOSTILE)
    tool = next(span for span in sample_runs.hostile_run(HOSTILE_RUN, NOW) if span.kind == "tool")
    page.locator(f"[data-span='{tool.span_id}']").click()
    expect(page.locator(".panel h2")).to_have_text(sample_runs.HOSTILE)
    page.get_by_text("Attributes").click()
    expect(page.locator(".panel .pairs dd").get_by_text(sample_runs.HOSTILE)).to_be_visible()
    opened(page, f"/replay?trace={tool.trace_id}&step=2")
    expect(page.locator(".scene h2")).to_have_text(sample_runs.HOSTILE)
    opened(page, "/latency?range=7d&by=tool")
    expect(page.get_by_role("table").get_by_text(sample_runs.HOSTILE)).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src='x']").count() == 0


def test_run_without_its_root_says_whether_more_is_awaited(page: Page) -> None:
    open_run(page, ARRIVING_RUN)
    expect(page.get_by_role("status").filter(has_text="This run is still arriving")).to_be_visible()
    expect(page.locator(".row .extra").filter(has_text="parent missing").first).to_be_visible()
    open_run(page, CLOSED_RUN)
    expect(page.get_by_role("alert")).to_contain_text("This run was closed without its root")
    opened(page, "/?range=7d")
    for number, note in ((ARRIVING_RUN, "arriving"), (CLOSED_RUN, "incomplete")):
        row = page.locator(f"tr[data-key^='{sample_runs.trace_of(number)} ']")
        expect(row.locator("td").nth(3).locator(".note")).to_have_text(note)


VIEWS = {
    "runs": "/?range=7d&team=support&workflow=triage",
    "custom range": "/?range=custom&from=2026-01-01T00:00Z&to=2100-01-01T00:00Z",
    "run": f"/run?trace={sample_runs.trace_of(PAYMENTS_RUN)}&span={sample_runs.run(PAYMENTS_RUN, NOW)[3].span_id}",
    "replay": f"/replay?trace={sample_runs.trace_of(PAYMENTS_RUN)}&step=5",
    "costs": "/costs?range=7d&by=workflow&team=payments",
    "latency": "/latency?range=30d&by=tool",
}
SIGNS = {
    "runs": (".sl-fact", "Runs"),
    "custom range": ("tbody tr", "payments"),
    "run": (".panel h2", sample_runs.run(PAYMENTS_RUN, NOW)[3].name),
    "replay": (".position", "Step 5 of"),
    "costs": (".legendtext", "refund"),
    "latency": ("tbody tr", "lookup_order"),
}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_from_its_address(page: Page, view: str) -> None:
    opened(page, VIEWS[view])
    selector, text = SIGNS[view]
    expect(page.locator(selector).filter(has_text=text).first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.url.endswith(VIEWS[view]), "the address stays what was shared"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/?range=9z", "time range “9z”"),
        ("/run", "names no run"),
        ("/run?trace=zz", "not a trace id"),
        (f"/run?trace={'0' * 32}", "There is no run"),
        (f"/replay?trace={sample_runs.trace_of(1)}&step=abc", "step “abc”"),
        ("/costs?by=weather", "by=weather"),
    ],
)
def test_odd_address_is_answered_with_a_sentence(page: Page, address: str, said: str) -> None:
    opened(page, address)
    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()


def test_new_run_appears_by_itself_and_nothing_else_moves(page: Page, dashboard: Dashboard) -> None:
    opened(page, "/?range=24h")
    rows = page.locator(".table tbody tr")
    expect(rows.first).to_be_visible()
    before = rows.count()
    page.get_by_text("runs shown").scroll_into_view_if_needed()
    scrolled = page.evaluate(SCROLLED)
    assert scrolled > 0
    page.evaluate("window.notReloaded = true")
    dashboard.receive_run(500)
    expect(page.locator(f"tr[data-key^='{sample_runs.trace_of(500)} ']")).to_have_count(1)
    expect(rows).to_have_count(before + 1)
    assert page.evaluate(SCROLLED) >= scrolled
    assert page.evaluate("window.notReloaded")


def test_headers_come_with_the_page(page: Page, dashboard: Dashboard) -> None:
    headers = page.request.get(dashboard.url).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert page.request.get(dashboard.url, headers={"Host": "evil.example"}).status == 403
    answer = page.request.get(f"{dashboard.url}/api/anything")
    assert (answer.status, "error" in json.loads(answer.text())) == (404, True)


def test_dashboard_writes_no_traceback(dashboard: Dashboard) -> None:
    """Runs last: what the server said while all of the tests above used it."""
    assert "Traceback" not in dashboard.output.read_text()
