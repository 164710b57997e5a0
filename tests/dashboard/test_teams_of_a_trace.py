"""The page of a trace in which several teams have spans: the run of one of them, and a word about the others."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import sample_runs
from app_pages import opened_run, said
from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard import connection
from dashboard.web import data
from dashboard.web.viewer import ViewerScope

if TYPE_CHECKING:
    from schema.store.store import Store


def test_page_shows_the_run_of_one_team_and_names_the_others(empty_store: Store) -> None:
    connection.connect(empty_store, "http://127.0.0.1:4318")
    start = time.time_ns() - sample_runs.MINUTE
    spans = sample_runs.run(2, start)
    call = next(span for span in spans if span.kind == "llm")
    theirs = replace(call, team="alpha", cost_usd=Decimal(75), received_at=call.received_at + 1, name="theirs")
    sample_runs.insert(empty_store, [*spans, theirs])
    page = opened_run(call.trace_id, run_team=call.team)
    assert "1 other team has spans in this trace, which are not counted here:" in said(page)
    assert "$75" not in said(page)
    assert "$75.00" in said(opened_run(call.trace_id, run_team="alpha"))
    assert f"{call.team} /" in said(opened_run(call.trace_id, run_team="a team that is not there"))
    application = FastAPI()
    application.include_router(data.router)
    client = TestClient(ViewerScope(application), base_url="http://127.0.0.1")
    address = f"/api/runs/{call.trace_id}"
    tree = client.get(f"{address}/spans?team={call.team}").json()
    rows = list(zip(tree["span_id"], tree["team"], tree["first_sent_by"], strict=True))
    assert [row[1:] for row in rows if row[0] == call.span_id] == [(call.team, ""), ("alpha", call.team)]
    replay = client.get(f"{address}/steps?team={call.team}").json()
    assert set(replay["tree"]["team"]) == {call.team}
    for team, name in ((call.team, call.name), ("alpha", "theirs")):
        assert client.get(f"{address}/spans/{call.span_id}?team={team}").json()["name"] == name
    assert client.get(f"{address}/spans/{call.span_id}").json()["name"] == call.name
