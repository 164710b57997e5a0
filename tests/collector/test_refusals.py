"""Two refusals that an operator must notice: a key that is not valid now, and an overdue spool."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import grpc
import httpx
from google.rpc.status_pb2 import Status
from otlp_grpc_client import Client, retry_delay
from running_receiver import one_span

from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from running_receiver import RunningReceiver


PROTOBUF = {"content-type": "application/x-protobuf"}


def key(word: str, **more: str) -> dict[str, str]:
    return {"name": word, "sha256": hashlib.sha256(word.encode()).hexdigest(), **more}


def post(receiver: RunningReceiver, number: int, **headers: str) -> httpx.Response:
    return httpx.post(f"{receiver.url}/v1/traces", content=one_span(number), headers=PROTOBUF | headers, timeout=30)


def counted(receiver: RunningReceiver, key_name: str, reason: str) -> str:
    """Return the metrics; the receiver writes refusals into the spool once a second."""
    time.sleep(2)
    headers = {"x-spanledger-key": "good"}
    lines = httpx.get(f"{receiver.url}/metrics", headers=headers, timeout=30).text.splitlines()
    name = f'spanledger_rejected_requests_total{{key="{key_name}",reason="{reason}",signal="traces"}} '
    return next((line.removeprefix(name) for line in lines if line.startswith(name)), "none")


def test_a_known_key_that_is_not_in_force_is_forbidden_and_counted_by_its_name(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    keys = [key("good"), key("over", expires="2026-01-01"), key("to-come", not_before="2099-01-01")]
    receiver = start_receiver(Policy.model_validate({"ingest_keys": keys}))
    for name, reason in (
        ("over", "The ingest key over expired at "),
        ("to-come", "The ingest key to-come is valid from "),
    ):
        refused = post(receiver, 1, authorization=f"Bearer {name}")
        assert (refused.status_code, Status.FromString(refused.content).code) == (403, 7)
        assert Status.FromString(refused.content).message.startswith(reason)
        assert "www-authenticate" not in refused.headers
        with Client(receiver.grpc_address) as client:
            code, message, trailers = client.send(one_span(), x_spanledger_key=name)
        assert (code, message.decode().startswith(reason)) == (grpc.StatusCode.PERMISSION_DENIED, True)
        assert "grpc-status-details-bin" not in trailers, "it need not come again"
        assert httpx.get(f"{receiver.url}/metrics", headers={"x-spanledger-key": name}).status_code == 403
    assert [counted(receiver, name, "forbidden") for name in ("over", "to-come")] == ["2.0", "2.0"]
    assert receiver.open_spool().counts().waiting_requests == 0


def test_while_something_waits_for_too_long_nothing_more_is_taken(
    start_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = start_receiver(Policy.model_validate({"ingest_keys": [key("good")]}), spool_max_age_seconds=2)
    good = {"x-spanledger-key": "good"}
    first = post(receiver, 1, **good)
    assert first.status_code == 200
    assert receiver.readiness().status_code == 200
    time.sleep(2.5)
    refused = post(receiver, 2, **good)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert Status.FromString(refused.content).code == 14
    with Client(receiver.grpc_address) as client:
        code, _, trailers = client.send(one_span(2), x_spanledger_key="good")
    assert (code, retry_delay(trailers)) == (grpc.StatusCode.UNAVAILABLE, 2)
    assert post(receiver, 1, **good).status_code == 200, "a repeat is on disk already"
    unready = receiver.readiness()
    assert (unready.status_code, unready.json()) == (503, {"status": "what waits in the spool has waited for too long"})
    assert counted(receiver, "good", "overdue") == "2.0"
    assert "spanledger_spool_limit_seconds 2.0\n" in httpx.get(f"{receiver.url}/metrics", headers=good).text
    spool = receiver.open_spool()
    (waiting,) = spool.take(9, 1 << 30)
    spool.assign([waiting.id], "batch")
    spool.done("batch")
    assert post(receiver, 2, **good).status_code == 200
    time.sleep(1.1)  # readiness is looked at once a second
    assert receiver.readiness().status_code == 200
