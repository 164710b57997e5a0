"""DNS rebinding: a web page on a host name that resolves to this machine reads nothing from the receiver."""

from __future__ import annotations

from http.client import HTTPConnection
from itertools import permutations
from typing import TYPE_CHECKING

import httpx
import pytest
from aftermath import assert_unharmed
from running_receiver import one_span

if TYPE_CHECKING:
    from instance import Instance

FOREIGN = (
    "evil.example",
    "evil.example:4318",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "localhost, evil.example",
    "127.0.0.1:4318:evil.example",
    "0x7f000001.evil.example",
    "[::1].evil.example",
    "[::1",
)
OWN = ("localhost", "LOCALHOST:4318", "127.0.0.1", "127.0.0.1:4318", "[::1]:4318", "app.localhost", "10.1.2.3:4318", "")


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/v1/traces", "/", "/openapi.json"])
def test_a_foreign_name_is_refused_and_an_own_one_answered(attacked: Instance, path: str) -> None:
    url = f"{attacked.endpoints['otlp_http']}{path}"
    with httpx.Client(trust_env=False, timeout=30) as client:
        for host in FOREIGN:
            for method in ("GET", "HEAD"):
                refused = client.request(method, url, headers={"host": host})
                assert refused.status_code in {400, 403}, host
                assert b"spanledger_" not in refused.content
        assert {client.get(url, headers={"host": host}).status_code for host in OWN} <= {200, 404, 405}


def test_two_hosts_are_none(attacked: Instance) -> None:
    receiver = HTTPConnection(attacked.endpoints["otlp_http"].removeprefix("http://"), timeout=30)
    for hosts in permutations(("localhost", "evil.example")):
        receiver.putrequest("GET", "/metrics", skip_host=True)
        for host in hosts:
            receiver.putheader("Host", host)
        receiver.endheaders()
        answer = receiver.getresponse()
        assert answer.status in {400, 403}
        assert b"spanledger_" not in answer.read()
        receiver.close()


def test_exporters_name_the_receiver_as_they_like(attacked: Instance) -> None:
    for number, host in enumerate(("collector:4318", "host.docker.internal", "otel.example.com")):
        assert attacked.send(one_span(900 + number), host=host).status_code == 200
    assert_unharmed(attacked)
