from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import sample_runs
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard import assets
from dashboard.web import data
from dashboard.web.headers import SecurityHeaders
from dashboard.web.viewer import ViewerScope
from schema.store.errors import StoreError
from schema.store.store import Store

if TYPE_CHECKING:
    from conftest import Sample  # type: ignore[attr-defined]  # each test folder has one


@pytest.fixture
def client() -> TestClient:
    application = FastAPI()
    application.include_router(data.router)
    return TestClient(SecurityHeaders(ViewerScope(application)), base_url="http://127.0.0.1")


def test_tree_holds_every_span_of_the_run_once(sample: Sample, client: TestClient) -> None:
    trace = sample_runs.trace_of(7)
    tree = client.get(f"/api/runs/{trace}/spans").json()
    expected = {span.span_id: span for span in sample.run(7)}
    assert sorted(tree["span_id"]) == sorted(expected)
    for row, span_id in enumerate(tree["span_id"]):
        span = expected[span_id]
        parent = tree["parent"][row]
        assert (tree["span_id"][parent] if parent >= 0 else "") == span.parent_span_id
        assert tree["name"][row] == span.name
        assert tree["duration_ns"][row] == span.duration_ns
        cost = tree["cost_usd"][row]
        assert (None if cost is None else Decimal(cost)) == span.cost_usd


def test_steps_end_at_the_totals_of_the_run(sample: Sample, client: TestClient) -> None:
    replay = client.get(f"/api/runs/{sample_runs.trace_of(8)}/steps").json()
    calls = [span for span in sample.run(8) if span.kind == "llm"]
    last = {name: column[-1] for name, column in replay["steps"].items()}
    assert last["input_tokens"] == sum(call.input_tokens or 0 for call in calls)
    assert Decimal(last["cost_usd"]) == sum(call.cost_usd or 0 for call in calls)
    assert replay["steps"]["at_ns"] == sorted(replay["steps"]["at_ns"])
    assert len(replay["tree"]["span_id"]) == len(sample.run(8))


def test_unknown_cost_stays_unknown(sample: Sample, client: TestClient) -> None:
    number = 4  # a run of the model that has no price
    assert {span.model for span in sample.run(number) if span.model} == {sample_runs.NO_PRICE_MODEL}
    last = client.get(f"/api/runs/{sample_runs.trace_of(number)}/steps").json()["steps"]
    assert last["cost_usd"][-1] is None
    assert last["unpriced_calls"][-1] > 0


def test_span_is_whole(sample: Sample, client: TestClient) -> None:
    span = next(span for span in sample.run(3) if span.kind == "llm")
    detail = client.get(f"/api/runs/{span.trace_id}/spans/{span.span_id}").json()
    assert detail["input"] == span.input
    assert detail["output"] == span.output
    assert detail["attributes"] == span.attributes
    assert detail["resource_attributes"] == span.resource_attributes
    assert Decimal(detail["cost_usd"]) == span.cost_usd
    assert detail["cost_source"] == span.cost_source


def test_span_says_how_many_log_records_it_has_and_hands_them_out_by_page(sample: Sample, client: TestClient) -> None:
    root = sample.run(9)[0]
    records = [
        sample_runs.log_record(
            root.trace_id,
            at=root.start_time + number,
            span_id=root.span_id,
            body=f"{number}",
            team=root.team,
            attributes={"key": "value"},
        )
        for number in range(data.LOGS_A_PAGE + 5)
    ]
    sample_runs.insert_logs(sample.store, records)
    address = f"/api/runs/{root.trace_id}/spans/{root.span_id}"
    assert client.get(address).json()["log_records"] == data.LOGS_A_PAGE + 5
    first, second = (client.get(f"{address}/logs?offset={offset}").json() for offset in (0, data.LOGS_A_PAGE))
    assert first["total"] == second["total"] == data.LOGS_A_PAGE + 5
    got = [*first["records"], *second["records"]]
    assert [record["body"] for record in got] == [record["body"] for record in records]
    assert (got[0]["at_ns"], got[0]["attributes"], got[0]["severity"]) == (0, {"key": "value"}, "INFO")


def test_records_of_no_stored_span_are_those_of_the_run(sample: Sample, client: TestClient) -> None:
    trace = sample_runs.trace_of(10)
    at = sample.run(10)[0].start_time
    for span_id in ("", "f" * 16, sample.run(10)[0].span_id):
        sample_runs.insert_logs(sample.store, [sample_runs.log_record(trace, at=at, span_id=span_id, body=span_id)])
    answer = client.get(f"/api/runs/{trace}/logs").json()
    assert (answer["total"], sorted(record["span_id"] for record in answer["records"])) == (2, ["", "f" * 16])


def test_unchanged_run_is_not_sent_again(sample: Sample, client: TestClient) -> None:
    address = f"/api/runs/{sample.spans[0].trace_id}/spans"
    first = client.get(address)
    assert first.headers["content-encoding"] == "gzip"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_grown_run_is_sent_again(sample: Sample, client: TestClient) -> None:
    spans = sample_runs.run(300, sample.spans[0].start_time)
    sample_runs.insert(sample.store, spans[:-1])
    address = f"/api/runs/{spans[0].trace_id}/spans"
    before = client.get(address)
    sample_runs.insert(sample.store, spans[-1:])
    after = client.get(address, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert len(after.json()["span_id"]) == len(spans)


TRACE = sample_runs.trace_of(1)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/runs/xyz/spans", 400),
        (f"/api/runs/{TRACE.upper()}/spans", 400),
        (f"/api/runs/{TRACE}0/steps", 400),
        ("/api/runs/' OR 1=1/spans", 400),
        (f"/api/runs/{'0' * 32}/spans", 404),
        (f"/api/runs/{'0' * 32}/steps", 404),
        (f"/api/runs/{TRACE}/spans/nothex", 400),
        (f"/api/runs/nothex/spans/{'0' * 16}", 400),
        (f"/api/runs/{TRACE}/spans/{'0' * 16}", 404),
        (f"/api/runs/{TRACE}/spans/nothex/logs", 400),
        (f"/api/runs/nothex/spans/{'0' * 16}/logs", 400),
        ("/api/runs/nothex/logs", 400),
        (f"/api/runs/{TRACE}/logs?offset=-1", 400),
        (f"/api/runs/{TRACE}/logs?offset=1e3", 400),
        (f"/api/runs/{TRACE}/logs?offset={10**30}", 400),
        ("/api/runs", 404),
        ("/api/", 404),
        ("/assets/0000000000000000/tree.js", 404),
        (f"/assets/{assets.version()}/../server.py", 404),
        (f"/assets/{assets.version()}/favicon.svg", 404),
    ],
)
def test_wrong_address_is_an_error_in_json(sample: Sample, client: TestClient, path: str, status: int) -> None:
    assert sample.spans
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_store_that_does_not_answer_is_said_without_its_message(
    sample: Sample, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("raw text of a query")

    monkeypatch.setattr(Store, "query", fail)
    trace, span = sample.spans[0].trace_id, sample.spans[0].span_id
    for path in ("spans", "steps", f"spans/{span}", f"spans/{span}/logs", "logs"):
        answer = client.get(f"/api/runs/{trace}/{path}")
        assert answer.status_code == 503
        assert "raw text" not in answer.text


@pytest.mark.parametrize("name", sorted(assets.assets()))
def test_asset_is_served_compressed_and_kept_forever(client: TestClient, name: str) -> None:
    answer = client.get(f"/assets/{assets.version()}/{name}")
    assert answer.text == assets.text(name)
    assert "immutable" in answer.headers["cache-control"]
    again = client.get(f"/assets/{assets.version()}/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/api/nothing", f"/assets/{assets.version()}/tree.js"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_assets_never_write_markup() -> None:
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")
    for name in assets.assets():
        if name.endswith(".js"):
            assert not [word for word in forbidden if word in assets.text(name)], name
