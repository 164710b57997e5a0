"""Any body is refused with a reason or accepted completely, and an accepted one never makes a worker fail."""

from __future__ import annotations

import http.client
import os
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from aftermath import PROMPT_SECONDS, assert_unharmed, ledger
from body_mutations import Mutant, Mutator
from otlp_grpc_client import METHOD, SERVICES

from collector.keys.ingest_keys import ANYONE_MAY_SEND, IngestKeys
from collector.otlp.refusals import RefusedError
from collector.pipeline.pipeline import Pipeline
from collector.pipeline.rules_from_policy import build_team_redactor
from collector.receivers.accept import Body, accept
from schema.policy.policy import Policy
from schema.pricing.prices import Prices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from instance import Instance

BODIES = int(os.environ.get("FUZZ_BODIES", "2000"))  # `make faults` takes 1,000,000
OVER_HTTP, OVER_GRPC = BODIES // 20, BODIES // 40
_EVERY = 10  # accepted body of this many goes through the pipeline too, which takes a hundred times as long
_MIB = 1 << 20
_REFUSALS = frozenset({400, 413, 415})
_CODES = frozenset({grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT})


@pytest.fixture
def mutator() -> Mutator:
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(10**6)))
    print(f"FUZZ_SEED={seed}")  # noqa: T201 - pytest shows it when the test fails
    return Mutator(random.Random(seed))


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    redactor = build_team_redactor(Policy(), b"")
    yield Pipeline(redactor, Policy(), Prices())
    redactor.close()


def printed(name: str, counts: Counter[Any]) -> None:
    print(f"{name}: {sum(counts.values())} bodies, {dict(counts.most_common())}")  # noqa: T201 - counts are to be seen


@pytest.mark.timeout(max(300, BODIES // 50))
def test_any_body_is_refused_or_becomes_rows(mutator: Mutator, pipeline: Pipeline) -> None:
    keys, counts, seen, slowest = IngestKeys(Policy()), Counter[str](), set[tuple[str, ...]](), 0.0
    for _ in range(BODIES - OVER_HTTP - OVER_GRPC):
        mutant = mutator.mutant()
        began = time.thread_time()
        try:
            body = Body(mutant.signal, mutant.content, mutant.encoding, mutant.compression, "fuzz")
            incoming = accept(body, keys, ANYONE_MAY_SEND, 64 * _MIB).incoming
        except RefusedError as error:
            counts[f"{error.http_status}"] += 1
            seen.add((mutant.signal, mutant.encoding, mutant.compression, str(error)))
            continue
        finally:
            slowest = max(slowest, time.thread_time() - began)
        counts["accepted"] += 1
        if incoming is not None and counts["accepted"] % _EVERY == 0:
            began = time.thread_time()
            assert _rows(pipeline, mutant, incoming.body) == incoming.spans
            slowest = max(slowest, time.thread_time() - began)
            counts["through the pipeline"] += 1
            mutator.keep(mutant, incoming.body)
    printed(f"in process, slowest {slowest:.2f} s of CPU, {len(seen)} kinds of refusal", counts)
    assert counts.keys() <= {"accepted", "through the pipeline", *map(str, _REFUSALS)}
    assert counts["accepted"] > BODIES // 10
    assert slowest < 5


def _rows(pipeline: Pipeline, mutant: Mutant, body: bytes) -> int:
    try:
        return pipeline.process(mutant.signal, body, received_at=time.time_ns()).rows.num_rows
    except Exception as error:
        raise AssertionError(f"{mutant.signal} of {body.hex()[:20_000]}") from error


@pytest.mark.timeout(max(300, BODIES // 50))
def test_any_body_over_the_wire_is_answered_and_harms_nothing(attacked: Instance, mutator: Mutator) -> None:
    failed = _failed(attacked)
    _, _, port = attacked.endpoints["otlp_http"].rpartition(":")
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PROMPT_SECONDS)  # a stall fails the test
    counts: Counter[Any] = Counter()
    for _ in range(OVER_HTTP):
        mutant = mutator.mutant()
        kind = {"protobuf": "application/x-protobuf", "json": "application/json"}[mutant.encoding]
        headers = {"content-type": kind, "content-encoding": mutant.compression}
        connection.request("POST", f"/v1/{mutant.signal}", mutant.content, headers)
        answer = connection.getresponse()
        answer.read()
        counts[answer.status] += 1
    connection.close()
    printed("over HTTP", counts)
    assert counts.keys() <= {200, *_REFUSALS}
    counts = Counter()
    with grpc.insecure_channel(attacked.endpoints["otlp_grpc"].removeprefix("http://")) as channel:
        for _ in range(OVER_GRPC):
            mutant = mutator.mutant()
            export: Any = channel.unary_unary(METHOD.format(SERVICES[mutant.signal]))
            try:
                counts[export.with_call(mutant.content, timeout=PROMPT_SECONDS)[1].code()] += 1
            except grpc.RpcError as error:
                refused: Any = error
                counts[refused.code()] += 1
    printed("over gRPC", counts)
    assert counts.keys() <= _CODES
    assert_unharmed(attacked)
    assert _failed(attacked) == failed, "what was accepted made a worker fail"


def _failed(instance: Instance) -> int:
    return sum(line["quarantined_requests"] + line["lost_requests"] for line in ledger(instance))
