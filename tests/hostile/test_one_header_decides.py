"""Decisive headers must not repeat: both transports refuse two of them, and no request is smuggled in another."""

from __future__ import annotations

import hashlib
import socket
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from otlp_grpc_client import METHOD, SERVICES
from running_receiver import RunningReceiver, one_span

from collector.settings import Settings
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

Pairs = tuple[tuple[str, str], ...]

REFUSED: tuple[Pairs, ...] = (
    (("authorization", "Bearer alpha"), ("authorization", "Bearer beta")),
    (("authorization", "Bearer beta"), ("authorization", "Bearer alpha")),
    (("authorization", "Bearer alpha"), ("authorization", "Bearer alpha")),
    (("authorization", "Bearer alpha"), ("authorization", "")),
    (("x-spanledger-key", "alpha"), ("x-spanledger-key", "beta")),
    (("authorization", "Bearer alpha, Bearer beta"),),
    (("authorization", "Bearer alpha,Bearer alpha"),),
    (("x-spanledger-key", "alpha, beta"),),
    (("authorization", "Bearer"),),
    (("authorization", "Bearer\talpha"),),
    (("authorization", "Basic alpha"),),
    (("authorization", "alpha"),),
    (),
)
TAKEN: tuple[Pairs, ...] = (
    (("authorization", "Bearer alpha"),),
    (("authorization", "bearer  alpha "),),
    (("x-spanledger-key", "alpha"),),
    (("authorization", "Basic Zm9vOmJhcg=="), ("x-spanledger-key", "alpha")),  # a proxy's own
)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningReceiver]:
    keys = [
        {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "team": name} for name in ("alpha", "beta")
    ]
    receiver = RunningReceiver(
        Settings(data_dir=tmp_path_factory.mktemp("receiver")), Policy.model_validate({"ingest_keys": keys})
    )
    yield receiver
    receiver.close()


def over_http(receiver: RunningReceiver, lines: list[str], body: bytes = b"", path: str = "POST /v1/traces") -> int:
    """Send these bytes, and return the status of the first response."""
    head = "\r\n".join([f"{path} HTTP/1.1", "host: localhost", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=30) as client:
        client.sendall(head.encode("latin-1") + body)
        answer = client.recv(1 << 16)
    return int(answer.split(b" ", 2)[1])


def over_grpc(receiver: RunningReceiver, pairs: Pairs) -> grpc.StatusCode:
    with grpc.insecure_channel(receiver.grpc_address) as channel:
        export: Any = channel.unary_unary(METHOD.format(SERVICES["traces"]))
        try:
            return export.with_call(one_span(), timeout=60, metadata=pairs)[1].code()
        except grpc.RpcError as error:
            refused: Any = error
            return refused.code()


def lines(pairs: Pairs, size: int) -> list[str]:
    sent = [f"{name}: {value}" for name, value in pairs]
    return [*sent, "content-type: application/x-protobuf", f"content-length: {size}", "connection: close"]


def test_both_transports_take_and_refuse_the_same(receiver: RunningReceiver) -> None:
    body = one_span()
    for pairs in REFUSED:
        assert over_http(receiver, lines(pairs, len(body)), body) in {400, 401}, pairs
        if not any("\t" in value for _, value in pairs):  # the client refuses it
            answer = over_grpc(receiver, pairs)
            assert answer in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAUTHENTICATED}, pairs
    assert receiver.open_spool().counts().waiting_requests == 0
    for pairs in TAKEN:
        assert over_http(receiver, lines(pairs, len(body)), body) == 200, pairs
        assert over_grpc(receiver, tuple((name, value.strip()) for name, value in pairs)) == grpc.StatusCode.OK, pairs
    (waiting,) = receiver.open_spool().take(9, 1 << 30)
    assert waiting.key_name == "alpha"


def test_metrics_accept_one_key_header_only(receiver: RunningReceiver) -> None:
    for pairs, status in ((REFUSED[0], 400), (REFUSED[4], 400), (TAKEN[0], 200)):
        assert over_http(receiver, [f"{name}: {value}" for name, value in pairs], path="GET /metrics") == status


@pytest.mark.parametrize(
    "doubled",
    [
        ["content-type: application/x-protobuf", "content-type: application/json"],
        ["content-type: application/x-protobuf", "content-encoding: gzip", "content-encoding: gzip"],
        ["content-type: application/x-protobuf", "content-encoding: gzip, gzip"],
        ["content-type: application/x-protobuf", "content-encoding: identity", "content-encoding: gzip"],
    ],
)
def test_headers_on_the_encoding_must_not_repeat(receiver: RunningReceiver, doubled: list[str]) -> None:
    sent = ["authorization: Bearer alpha", *doubled, f"content-length: {len(one_span())}", "connection: close"]
    assert over_http(receiver, sent, one_span()) in {400, 415}


@pytest.mark.parametrize(
    "framing",
    [
        ["content-length: 46", "content-length: 47"],
        ["content-length: 46", "transfer-encoding: chunked"],
        ["transfer-encoding: chunked", "content-length: 46"],
        ["content-length: 46, 46"],
        ["content-length: +46"],
        ["content-length: -1"],
        ["content-length : 46"],
        ["transfer-encoding: xchunked"],
        ["transfer-encoding: chunked, identity"],
        ["content-length: 46", "x-folded: a\r\n b"],
    ],
)
def test_headers_on_the_length_must_not_repeat(receiver: RunningReceiver, framing: list[str]) -> None:
    sent = ["authorization: Bearer alpha", "content-type: application/x-protobuf", *framing, "connection: close"]
    assert over_http(receiver, sent, b"0\r\n\r\n" + one_span(5)) == 400
