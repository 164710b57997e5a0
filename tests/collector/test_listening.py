"""An address means the same for HTTP and for gRPC, in every notation."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import grpc
import httpx
import pytest
from otlp_grpc_client import Client
from running_receiver import one_span

from collector.service import listening
from collector.service.listening import listen, reserve

if TYPE_CHECKING:
    from collections.abc import Callable

    from running_receiver import RunningReceiver


_V4, _V6 = "127.0.0.1", "[::1]"


def over_http(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/healthz", trust_env=False, timeout=10).status_code == 200
    except httpx.ConnectError:
        return False


def over_grpc(address: str) -> bool:
    with Client(address) as client:
        code = client.send(one_span())[0]
    assert code in {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    return code == grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("0.0.0.0", {_V4, _V6}),
        ("::", {_V4, _V6}),
        ("127.0.0.1", {_V4}),
        ("localhost", {_V4}),
        ("::1", {_V6}),
    ],
)
@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
def test_http_and_grpc_answer_at_the_same_addresses(
    start_receiver: Callable[..., RunningReceiver], host: str, where: set[str]
) -> None:
    receiver = start_receiver(host=host)
    grpc_port = receiver.grpc_address.rpartition(":")[2]
    assert {address for address in (_V4, _V6) if over_http(f"{address}:{receiver.port}")} == where
    assert {address for address in (_V4, _V6) if over_grpc(f"{address}:{grpc_port}")} == where


def test_a_machine_without_ipv6_listens_on_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    real = listening._bound_to

    def without_ipv6(family: socket.AddressFamily, host: str, port: int, option: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(family, host, port, option)

    monkeypatch.setattr(listening, "_bound_to", without_ipv6)
    for host in ("0.0.0.0", "::"):
        for take in (listen, reserve):
            with take(host, 0) as taken:
                assert taken.getsockname()[0] == "0.0.0.0"


def test_a_port_in_use_is_reported(start_receiver: Callable[..., RunningReceiver]) -> None:
    receiver = start_receiver(host="0.0.0.0")
    for take in (listen, reserve):
        with pytest.raises(OSError, match="in use"):
            take("::", receiver.port)
