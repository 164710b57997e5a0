"""Any body is refused with a reason or accepted completely; the receiver survives and stays small."""

from __future__ import annotations

import gzip
import http.client
import os
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from body_mutations import changed_bytes
from memory import resident
from running_receiver import EXPORT, RunningReceiver, one_span

from collector.settings import Settings
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODIES = int(os.environ.get("FAULT_BODIES", "4000"))  # `make faults` takes 100,000
_TYPES = ("application/x-protobuf", "application/json", "text/plain")
_ENCODINGS = ("", "", "", "gzip", "deflate", "zstd", "br")
_GROWTH = 64 << 20  # bytes that the receiver may grow by, whatever the number of bodies
_ANSWERS = frozenset({200, 400, 413, 415})


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[RunningReceiver]:
    receiver = RunningReceiver(Settings(data_dir=tmp_path), Policy())
    yield receiver
    receiver.close()


@pytest.mark.timeout(900)
def test_the_receiver_survives_any_body(receiver: RunningReceiver, request: pytest.FixtureRequest) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    rng = random.Random(seed)
    sound = [EXPORT.read_bytes(), one_span(), b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"call"}]}]}]}']
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=30)
    request.addfinalizer(connection.close)
    answers: Counter[int] = Counter()
    before = 0
    assert receiver.process.pid is not None
    for number in range(BODIES):
        if number == BODIES // 4:  # what is loaded late is loaded by now
            before = resident(receiver.process.pid)
        body = changed_bytes(rng, rng.choice(sound))
        if rng.random() < 0.1:
            body = gzip.compress(body)
        headers = {"content-type": rng.choice(_TYPES), "content-encoding": rng.choice(_ENCODINGS)}
        connection.request("POST", f"/v1/{rng.choice(('traces', 'logs', 'metrics'))}", body, headers)
        answer = connection.getresponse()
        answer.read()
        answers[answer.status] += 1
    assert answers.keys() <= _ANSWERS
    assert answers[400] > BODIES // 10
    assert resident(receiver.process.pid) - before < _GROWTH
    connection.request("POST", "/v1/traces", one_span(7), {"content-type": "application/x-protobuf"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    counts = receiver.open_spool().counts()
    assert counts.waiting_requests <= answers[200] + 1  # of equal bodies one waits, and an empty one holds nothing
