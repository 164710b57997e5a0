from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from dashboard_application import application
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.web.access import Gate, is_loopback
from dashboard.web.server import create_app

if TYPE_CHECKING:
    from schema.store.store import Store

OPEN = "http://127.0.0.1:8000"
PUBLIC = "https://spanledger.example"


def basic(password: str, user: str = "anyone") -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.fixture
def local() -> TestClient:
    return TestClient(Gate(application, password=None, loopback=True), base_url=OPEN)


@pytest.fixture
def guarded() -> TestClient:
    return TestClient(Gate(application, password="correct horse", loopback=False), base_url=PUBLIC)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "app.localhost", "LOCALHOST"])
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["example.com", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "", "::"]
)
def test_names_of_others(host: str) -> None:
    assert not is_loopback(host)


def test_loopback_needs_no_password(local: TestClient) -> None:
    assert local.get("/").text == "inside"
    with local.websocket_connect("ws://127.0.0.1:8000/stream", headers={"Origin": OPEN}) as socket:
        assert socket.receive_text() == "inside"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "", "[", "192.168.1.4:8000"])
def test_rebound_name_is_refused(local: TestClient, host: str) -> None:
    answer = local.get("/", headers={"Host": host})
    assert answer.status_code in (400, 403)
    assert "inside" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null", "http://["])
def test_websocket_of_another_origin_is_refused(local: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        local.websocket_connect("ws://127.0.0.1:8000/stream", headers={"Origin": origin}),
    ):
        pass


def test_writing_from_another_origin_is_refused(local: TestClient) -> None:
    assert local.post("/", headers={"Origin": "https://evil.example"}).status_code == 403
    assert local.post("/", headers={"Origin": OPEN}).status_code == 200


def test_without_password_nothing_is_said(guarded: TestClient) -> None:
    answer = guarded.get("/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert "inside" not in answer.text
    with (
        pytest.raises(WebSocketDisconnect),
        guarded.websocket_connect("wss://spanledger.example/stream", headers={"Origin": PUBLIC}),
    ):
        pass


@pytest.mark.parametrize(
    "header",
    [
        basic("wrong"),
        basic(""),
        basic("correct horse "),
        {"Authorization": "Basic ***"},
        {"Authorization": "Basic"},
        {"Authorization": "Bearer correct horse"},
        {"Cookie": "spanledger=99999999999.00"},
        {"Cookie": "spanledger=99999999999"},
        {"Cookie": "spanledger=.;;=\\"},
    ],
)
def test_wrong_credentials_are_refused(guarded: TestClient, header: dict[str, str]) -> None:
    assert guarded.get("/", headers=header).status_code == 401


def test_password_signs_in_and_the_cookie_opens_websockets(guarded: TestClient) -> None:
    answer = guarded.get("/", headers=basic("correct horse"))
    assert answer.text == "inside"
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/"} <= set(cookie.split("; "))
    assert guarded.get("/").text == "inside"  # by the cookie alone
    with guarded.websocket_connect("wss://spanledger.example/stream", headers={"Origin": PUBLIC}) as socket:
        assert socket.receive_text() == "inside"


def test_cookie_of_another_process_is_refused(guarded: TestClient) -> None:
    other = TestClient(Gate(application, password="correct horse", loopback=False), base_url=PUBLIC)
    other.get("/", headers=basic("correct horse"))
    name, value = next(iter(other.cookies.items()))
    assert guarded.get("/", headers={"Cookie": f"{name}={value}"}).status_code == 401


def test_expired_cookie_is_refused(guarded: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded.get("/", headers=basic("correct horse"))
    name, value = next(iter(guarded.cookies.items()))
    guarded.cookies.clear()
    monkeypatch.setattr("dashboard.web.sessions.time.monotonic", lambda: 4_000_000_000.0)
    assert guarded.get("/", headers={"Cookie": f"{name}={value}"}).status_code == 401


@pytest.mark.parametrize("password", [None, ""])
def test_open_to_others_without_a_password_is_an_error(store: Store, password: str | None) -> None:
    with pytest.raises(ValueError, match="set a dashboard password"):
        create_app(store, password=password, loopback=False)
