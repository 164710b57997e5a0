"""Browsers: only pages of an allowed origin may send, and they can read every response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from google.rpc.status_pb2 import Status
from pydantic import ValidationError
from running_receiver import one_span

from collector.receivers.reception import REQUEST_HEADER
from collector.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from running_receiver import RunningReceiver


PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-spanledger-key",
}


def preflight(receiver: RunningReceiver, origin: str) -> httpx.Response:
    return httpx.options(f"{receiver.url}/v1/traces", headers={"origin": origin, **PREFLIGHT})


def send(receiver: RunningReceiver, origin: str, content: bytes) -> httpx.Response:
    headers = {"origin": origin, "content-type": "application/x-protobuf"}
    return httpx.post(f"{receiver.url}/v1/traces", content=content, headers=headers)


def test_pages_of_the_allowed_origins_may_send_and_read_answers(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver(cors_origins="https://app.example, http://localhost:3000", spool_max_bytes=3_000)
    for origin in ("https://app.example", "http://localhost:3000"):
        asked = preflight(receiver, origin)
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, origin)
        assert "POST" in asked.headers["access-control-allow-methods"]
        assert "x-spanledger-key" in asked.headers["access-control-allow-headers"]
    sent = send(receiver, "https://app.example", one_span())
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, "https://app.example")
    assert {name.strip() for name in sent.headers["access-control-expose-headers"].split(",")} == {
        "retry-after",
        REQUEST_HEADER,
    }
    refused = send(receiver, "https://app.example", b"no request")
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, "https://app.example")


def test_other_pages_may_not(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver(cors_origins="https://app.example")
    asked = preflight(receiver, "https://evil.example")
    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers
    sent = send(receiver, "https://evil.example", one_span())
    assert (sent.status_code, Status.FromString(sent.content).code) == (403, 7)
    assert "SPANLEDGER_CORS_ORIGINS" in Status.FromString(sent.content).message
    assert "access-control-allow-origin" not in sent.headers
    assert receiver.open_spool().counts().waiting_requests == 0


def test_no_page_may_by_default(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver()
    asked = preflight(receiver, "https://app.example")
    assert asked.status_code == 405
    assert not any(name.startswith("access-control") for name in asked.headers)
    assert send(receiver, "https://app.example", one_span()).status_code == 403
    assert send(receiver, "null", one_span()).status_code == 403, "a page without an origin of its own"


def test_every_page_may_where_that_is_set(start_receiver: Callable[..., RunningReceiver]) -> None:
    assert send(start_receiver(cors_origins="*"), "https://any.example", one_span()).status_code == 200


def test_origins_are_written_as_browsers_send_them() -> None:
    assert Settings(cors_origins="*").browser_origins == ["*"]
    for wrong in ("app.example", "https://app.example/", "https://*.example", "ftp://app.example"):
        with pytest.raises(ValidationError, match="write origins as"):
            Settings(cors_origins=wrong)
