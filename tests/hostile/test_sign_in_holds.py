"""The dashboard's password cannot be guessed, its cookie cannot be planted or kept, and a flood locks no user out."""

from __future__ import annotations

import base64
import socket
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from instance import Instance, command
from made_certificates import Authority
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.web import throttle
from dashboard.web.access import Gate
from dashboard.web.sessions import cookie_values
from dashboard.web.sign_in_pages import own_address
from dashboard.web.throttle import FREE_FAILURES, LONGEST_WAIT_SECONDS, Throttle, client_name

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse"
HTTPS = "https://spanledger.example"
ORIGIN = {"Origin": HTTPS}
HTML = {"Accept": "text/html,*/*"}


async def echo(stream: WebSocket) -> None:
    await stream.accept()
    while True:
        try:
            await stream.send_text(await stream.receive_text())
        except WebSocketDisconnect:
            return


def page(_: Any) -> PlainTextResponse:
    return PlainTextResponse("inside")


application = Starlette(
    routes=[WebSocketRoute("/_stcore/stream", echo), Route("/{path:path}", page, methods=["GET", "POST"])]
)


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(throttle, "time", made)
    return made


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> Gate:
    if "clock" in request.fixturenames:
        request.getfixturevalue("clock")
    return Gate(application, password=PASSWORD, loopback=False)


def client(gate: Gate, address: str = "192.0.2.1", base: str = HTTPS) -> TestClient:
    return TestClient(gate, base_url=base, client=(address, 1), follow_redirects=False)


def basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'any:{password}'.encode()).decode()}"}


def signed_in(gate: Gate, address: str = "192.0.2.1") -> TestClient:
    made = client(gate, address)
    assert made.post("/sign-in", data={"password": PASSWORD}, headers=ORIGIN).status_code == 303
    assert made.get("/").text == "inside"
    return made


def cookie(signed: TestClient) -> str:
    ((name, value),) = signed.cookies.items()
    return f"{name}={value}"


def test_guesses_are_slowed_down_logged_and_forgotten(
    gate: Gate, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    attacker, looked_at = client(gate), 0
    for guess in range(2000):
        answer = attacker.get("/", headers=basic(f"guess {guess}"))
        looked_at += answer.status_code == 401
        assert answer.status_code == 401 or int(answer.headers["retry-after"]) >= 1
        clock.now += 0.01  # 95 guesses a second were possible
    assert looked_at <= FREE_FAILURES + 6
    assert f"a wrong dashboard password from 192.0.2.1, {FREE_FAILURES} in a row" in caplog.text
    assert "are not looked at for" in caplog.text
    assert "guess" not in caplog.text
    assert attacker.get("/", headers=basic(PASSWORD)).status_code == 429, "a blocked client cannot test a password"
    clock.now += LONGEST_WAIT_SECONDS
    assert attacker.get("/", headers=basic(PASSWORD)).text == "inside", "the block ends"


def test_guesses_from_many_addresses_are_slowed_down_and_lock_no_user_out(gate: Gate, clock: Clock) -> None:
    here = signed_in(gate)
    was_here = client(gate)
    was_here.headers["Cookie"] = cookie(signed_in(gate, "192.0.2.9"))
    was_here.post("/sign-out", headers=ORIGIN)
    looked_at = 0
    for guess in range(3000):
        attacker = f"10.{guess >> 8}.{guess & 255}.1"
        looked_at += client(gate, attacker).get("/", headers=basic("guess")).status_code == 401
        clock.now += 0.01
    assert looked_at <= throttle.ALL_BURST + 30 * throttle.ALL_PER_SECOND + 1
    assert here.get("/").text == "inside", "who is signed in does not notice"
    assert was_here.get("/").status_code == 401
    answer = was_here.post("/sign-in", data={"password": PASSWORD}, headers=ORIGIN)
    assert answer.status_code == 303, "a browser that was here signs in at once"


def test_the_table_of_clients_is_bounded(clock: Clock) -> None:
    counted = Throttle()
    for number in range(12_000):
        counted.failed(str(number))
    assert len(counted._clients) == 10_000
    assert clock.now == 1_000.0


def test_one_network_is_one_client() -> None:
    assert client_name("2001:db8::1") == client_name("2001:db8::ffff:1") != client_name("2001:db8:0:1::1")
    assert client_name("::ffff:192.0.2.1") == client_name("192.0.2.1")
    assert client_name("fe80::1%eth0") == "fe80::/64"
    assert client_name("forged\nline") == client_name(None) == "an unknown address"


FOREIGN = [
    'prefs={"a":1}',
    'prefs={"a":1, "b": [2]}',
    "a=b=c",
    '"',
    "=",
    "no equals sign",
    'quoted="a; b',
    "spanledger=",
    "__Host-spanledger=1.2.3",
    "__Host-spanledger=99999999999.00",
    "x=" + "y" * 6000,
    "ü=ä",
    "a=\x7f",
    "$Version=1",
    "path=/; domain=.example; expires=never",
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_foreign_cookies_do_not_disturb_a_session(gate: Gate, foreign: str) -> None:
    ours = cookie(signed_in(gate))
    for both in (f"{foreign}; {ours}", f"{ours}; {foreign}", f"{foreign};{ours};{foreign}"):
        assert client(gate).get("/", headers=[(b"cookie", both.encode("latin-1"))]).text == "inside", both
    assert client(gate).get("/", headers=[(b"cookie", foreign.encode("latin-1"))]).status_code == 401


def test_a_cookie_is_found_in_any_header(gate: Gate) -> None:
    ours = cookie(signed_in(gate))
    headers = [(b"cookie", b'prefs={"a":1}'), (b"cookie", ours.encode())]
    assert client(gate).get("/", headers=headers).text == "inside"
    assert list(cookie_values(['a=1; a="2";b', "a=3"], "a")) == ["1", "2", "3"]


def test_signing_out_ends_the_session_and_its_open_connections(gate: Gate) -> None:
    with client(gate) as browser:  # one event loop for the connection and for the request that ends it
        browser.post("/sign-in", data={"password": PASSWORD}, headers=ORIGIN)
        stolen = cookie(browser)
        with browser.websocket_connect("wss://spanledger.example/_stcore/stream", headers=ORIGIN) as stream:
            stream.send_text("there?")
            assert stream.receive_text() == "there?"
            assert browser.get("/sign-out").status_code == 200, "a link alone does not sign out"
            assert browser.get("/").text == "inside"
            assert browser.post("/sign-out", headers={"Origin": "https://evil.example"}).status_code == 403
            assert browser.get("/").text == "inside"
            assert browser.post("/sign-out", headers=ORIGIN).status_code == 303
            with pytest.raises(WebSocketDisconnect):
                stream.receive_text()
        assert client(gate).get("/", headers={"Cookie": stolen}).status_code == 401


def test_a_session_is_over_after_its_time_and_so_are_its_connections(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.web.sessions.SECONDS", 1)
    with client(gate) as browser:
        browser.post("/sign-in", data={"password": PASSWORD}, headers=ORIGIN)
        stream = browser.websocket_connect("wss://spanledger.example/_stcore/stream", headers=ORIGIN)
        with stream, pytest.raises(WebSocketDisconnect):
            stream.receive_text()
        assert browser.get("/").status_code == 401


def test_each_sign_in_begins_a_session_of_its_own(gate: Gate) -> None:
    browser = signed_in(gate)
    planted = cookie(browser)
    browser.post("/sign-in", data={"password": PASSWORD}, headers=ORIGIN)
    assert cookie(browser) != planted
    assert client(gate).get("/", headers={"Cookie": planted}).status_code == 401, "the one before is over"


def test_no_other_site_can_set_the_cookie_over_tls(gate: Gate) -> None:
    answer = client(gate).post("/sign-in", data={"password": PASSWORD}, headers=ORIGIN)
    name, *flags = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-spanledger=")
    assert {"HttpOnly", "SameSite=Strict", "Secure", "Path=/"} <= set(flags)
    assert not any(flag.startswith("Domain") for flag in flags)
    plain = cookie(signed_in(gate)).removeprefix("__Host-")
    assert client(gate).get("/", headers={"Cookie": plain}).status_code == 401


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/run?trace=ab", "/run?trace=ab"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("", "/"),
        ("/sign-out", "/"),
        ("/" + "a" * 5000, "/"),
    ],
)
def test_signing_in_leads_nowhere_else(gate: Gate, wanted: str, where: str) -> None:
    assert own_address(wanted) == where
    answer = client(gate).post("/sign-in", data={"password": PASSWORD, "next": wanted}, headers=ORIGIN)
    assert answer.headers["location"] == where


def test_the_form_leads_back_and_holds_no_markup(gate: Gate) -> None:
    answer = client(gate).get('/run?trace="><script>alert(1)</script>', headers=HTML)
    assert answer.status_code == 401
    assert "<script" not in answer.text
    assert "www-authenticate" not in answer.headers, "a browser would go on sending the password after signing out"
    assert 'value="/run?trace=' in answer.text
    wrong = client(gate).post("/sign-in", data={"password": "no", "next": "/costs"}, headers=ORIGIN | HTML)
    assert wrong.status_code == 401
    assert 'value="/costs"' in wrong.text


@pytest.mark.parametrize(
    "body",
    [b"", b"password", b"\xff\xfe", b"password=%ff%fe", b"&" * 5000, b"password=" + b"x" * 100_000, b"a=b;" * 900],
)
def test_a_form_that_is_none_is_refused(gate: Gate, body: bytes) -> None:
    answer = client(gate).post(
        "/sign-in", content=body, headers=ORIGIN | {"content-type": "application/x-www-form-urlencoded"}
    )
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://spanledger.example", "https://spanledger.example@evil.example"]
)
def test_pages_of_others_reach_no_stream_with_our_cookie(gate: Gate, origin: str) -> None:
    browser = signed_in(gate)
    with (
        pytest.raises(WebSocketDisconnect),
        browser.websocket_connect("wss://spanledger.example/_stcore/stream", headers={"Origin": origin}),
    ):
        pass
    for path in ("/sign-in", "/sign-out", "/_stcore/upload_file/a/b"):
        assert browser.post(path, headers={"Origin": origin}).status_code == 403


def test_nothing_of_streamlit_answers_without_a_session(gate: Gate) -> None:
    for path in ("/", "/_stcore/health", "/_stcore/host-config", "/_stcore/stream", "/static/index.js", "/api/runs/x"):
        assert client(gate).get(path).status_code == 401, path
        assert client(gate).post(path, headers=ORIGIN).status_code == 401, path


def test_a_header_that_came_twice_is_refused(gate: Gate) -> None:
    for name, value in (("host", "spanledger.example"), ("authorization", basic(PASSWORD)["Authorization"])):
        twice = [(name.encode(), value.encode()), (name.encode(), b"other")]
        assert client(gate).get("/", headers=twice).status_code == 400


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Instance, ssl.SSLContext]]:
    """An instance reachable by other machines, with TLS and a password in a file."""
    folder = tmp_path_factory.mktemp("public")
    authority = Authority(folder, "authority")
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "spanledger.yaml").write_text(f"ingest_keys:\n  - {{name: a, sha256: '{'1' * 64}'}}\n")
    settings = {
        "SPANLEDGER_HOST": "0.0.0.0",
        "SPANLEDGER_TLS_CERTIFICATE": str(authority.certify("both")),
        "SPANLEDGER_DASHBOARD_PASSWORD_FILE": str(folder / "password"),
    }
    started = Instance(folder / "data", settings).start()
    yield started, authority.trusted()
    started.stop()


def test_the_dashboard_speaks_tls_and_believes_no_forwarded_address(
    public: tuple[Instance, ssl.SSLContext],
) -> None:
    instance, trusted = public
    assert instance.endpoints["dashboard"].startswith("https://")
    port = int(instance.endpoints["dashboard"].rpartition(":")[2])
    url = f"https://127.0.0.1:{port}"
    statuses = []
    with httpx.Client(verify=trusted, base_url=url, trust_env=False, timeout=60) as attacker:
        for guess in range(20):
            forged = {"X-Forwarded-For": f"198.51.100.{guess}", "X-Real-IP": "198.51.100.1"}
            statuses.append(attacker.get("/", headers=basic("guess") | forged).status_code)
        assert statuses.count(401) == FREE_FAILURES
        assert statuses[-1] == 429
    assert "a wrong dashboard password from 127.0.0.1" in instance.log.read_text()
    assert PASSWORD not in instance.log.read_text()
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200" not in plain.recv(100)
    time.sleep(2)
    with httpx.Client(verify=trusted, base_url=url, trust_env=False, timeout=60) as user:
        answer = user.post("/sign-in", data={"password": PASSWORD}, headers={"Origin": url})
        assert answer.headers["set-cookie"].startswith("__Host-spanledger=")
        assert user.get("/_stcore/health").status_code == 200


def test_a_secret_is_given_once_and_its_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x\n")
    both = {
        "SPANLEDGER_DASHBOARD_PASSWORD": "x",
        "SPANLEDGER_DASHBOARD_PASSWORD_FILE": str(tmp_path / "password"),
    }
    done = command(tmp_path / "data", "doctor", **both)
    assert done.returncode == 1
    assert "SPANLEDGER_DASHBOARD_PASSWORD and SPANLEDGER_DASHBOARD_PASSWORD_FILE are both set" in done.stderr
