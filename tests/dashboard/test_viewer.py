"""Pages and data routes read in the scope that the web layer gives a viewer, and in no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app_pages import opened, opened_run, said
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from dashboard import viewer
from dashboard.web.viewer import ViewerScope
from schema.queries.scope import EVERYTHING, Scope

if TYPE_CHECKING:
    from conftest import Sample  # type: ignore[attr-defined]  # each test folder has one
    from starlette.requests import Request
    from starlette.websockets import WebSocket

SUPPORT = Scope(frozenset({"support", "überblick, “Team”"}))
of_the_connection = viewer.scope  # conftest.py puts another in its place for each test


def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse(repr(viewer.scope_of(request.headers)))


async def stream(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(repr(viewer.scope_of(socket.headers)))
    await socket.close()


inside = Starlette(routes=[Route("/", page), WebSocketRoute("/stream", stream)])


def test_a_scope_survives_the_header() -> None:
    for scope in (EVERYTHING, SUPPORT, Scope(frozenset())):
        assert viewer.scope_of({viewer.HEADER: viewer.as_header(scope)}) == scope


def test_the_web_layer_sets_it_and_a_client_cannot() -> None:
    forged = {viewer.HEADER.swapcase(): viewer.as_header(SUPPORT)}
    client = TestClient(ViewerScope(inside))
    assert client.get("/", headers=forged).text == repr(EVERYTHING)
    with client.websocket_connect("/stream", headers=forged) as socket:
        assert socket.receive_text() == repr(EVERYTHING)


def test_what_did_not_pass_the_web_layer_reads_nothing() -> None:
    with pytest.raises(RuntimeError, match="did not pass the web layer"):
        TestClient(inside).get("/")


def test_a_page_whose_browser_has_gone_ends_without_an_error(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(viewer, "scope", of_the_connection)  # under AppTest there is no websocket, so no headers
    page = opened()
    assert not page.exception
    assert sample.spans[0].team not in said(page)
    assert "Traceback" not in caplog.text


def test_pages_show_the_teams_in_scope(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = said(opened())
    monkeypatch.setattr(viewer, "scope", lambda: SUPPORT)
    assert said(opened()) != everything, "the figures on top are of fewer runs"
    theirs = next(span for span in sample.spans if span.team == "payments")
    assert "no run" in said(opened_run(theirs.trace_id)).lower()
    own = next(span for span in sample.spans if span.team == "support")
    assert own.team in said(opened_run(own.trace_id))
