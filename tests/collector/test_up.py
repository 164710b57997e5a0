"""`spanledger up` starts completely or reports why not, serves, and stops cleanly."""

from __future__ import annotations

import signal
import socket
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from agent_runs import run_request
from google.rpc.status_pb2 import Status
from instance import Instance, command
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from otlp_grpc_client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    started = Instance(tmp_path_factory.mktemp("up") / "data").start()
    yield started
    started.stop()


def test_a_body_that_is_no_request_is_refused_in_its_own_encoding_and_nothing_else_is_lost(instance: Instance) -> None:
    answer = instance.send(b"this is no protobuf")
    assert answer.status_code == 400
    assert "Nothing in the body can be read" in Status.FromString(answer.content).message
    answer = instance.send(b"{", **{"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    body, span_ids = run_request()
    assert instance.send(body).status_code == 200
    instance.settled()
    stored = instance.sql("SELECT span_id FROM spans")
    assert sorted(row["span_id"] for row in stored) == sorted(span_ids)


def test_a_program_with_the_stock_exporter_is_stored_with_its_content(instance: Instance) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "live", "spanledger.team": "live-team"}))
    exporter = OTLPSpanExporter(endpoint=f"{instance.endpoints['otlp_http']}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("agent run"), tracer.start_as_current_span("chat") as span:
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.request.model", "gpt-4o-mini")
        span.set_attribute("gen_ai.usage.input_tokens", 12)
        span.set_attribute("gen_ai.input.messages", '[{"role": "user", "parts": [{"content": "I am Jane Doe"}]}]')
        trace_id = trace.format_trace_id(span.get_span_context().trace_id)
    provider.shutdown()
    instance.settled()
    rows = instance.sql(f"SELECT team, span_count, input_tokens FROM runs FINAL WHERE trace_id = '{trace_id}'")
    assert rows == [{"team": "live-team", "span_count": 2, "input_tokens": 12}]
    text = instance.sql(f"SELECT input FROM spans WHERE trace_id = '{trace_id}' AND kind = 'llm'")[0]["input"]
    assert "Jane Doe" not in text
    assert "<PERSON>" in text


def test_an_instance_prints_its_addresses_and_accepts_grpc(instance: Instance) -> None:
    log = instance.log.read_text()
    assert f"Send OTLP/HTTP to  {instance.endpoints['otlp_http']}\n" in log
    assert f"or OTLP/gRPC to    {instance.endpoints['otlp_grpc']}\n" in log
    body, span_ids = run_request(["Is it gRPC?"])
    with Client(instance.endpoints["otlp_grpc"].removeprefix("http://")) as client:
        assert client.send(body)[0] == grpc.StatusCode.OK
    instance.settled()
    found = instance.sql(f"SELECT count() AS n FROM spans WHERE span_id IN ('{span_ids[0]}', '{span_ids[1]}')")
    assert found == [{"n": 2}]


def test_the_same_bytes_again_are_acknowledged_and_stored_once(instance: Instance) -> None:
    body, span_ids = run_request(["Is it there yet?"])
    assert [instance.send(body).status_code for _ in range(10)] == [200] * 10
    instance.settled()
    found = instance.sql(f"SELECT count() AS n FROM spans WHERE span_id IN ('{span_ids[0]}', '{span_ids[1]}')")
    assert found == [{"n": 2}]


def test_the_api_needs_its_token(instance: Instance) -> None:
    instance_without = Instance(instance.data_dir, endpoints=instance.endpoints | {"token": "wrong"})
    assert instance_without.api("GET", "/api/status").status_code == 401
    assert instance_without.api("POST", "/api/sql", json={"sql": "SELECT 1"}).status_code == 401


def test_what_is_on_disk_is_for_its_owner_only(instance: Instance) -> None:
    for name in ("spool.sqlite", "spool.key", "api.json", "lock"):
        assert stat.S_IMODE((instance.data_dir / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(instance.data_dir.stat().st_mode) == 0o700


def test_a_second_instance_in_the_same_place_is_refused(instance: Instance) -> None:
    done = command(instance.data_dir, "up")
    assert done.returncode == 1
    assert done.stderr.startswith("spanledger: another instance works in ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("setting", ["SPANLEDGER_OTLP_HTTP_PORT", "SPANLEDGER_OTLP_GRPC_PORT"])
def test_a_busy_port_is_named_in_one_sentence(tmp_path: Path, setting: str) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = command(tmp_path / "data", "up", **{setting: str(port)})
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert setting in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_open_receiver_is_refused(tmp_path: Path) -> None:
    done = command(tmp_path / "data", "up", SPANLEDGER_HOST="0.0.0.0")
    assert done.returncode == 1
    assert "no ingest keys" in done.stderr
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"ingest_keys: [{{name: one, sha256: {'ab' * 32}}}]\n")
    done = command(tmp_path / "data", "up", SPANLEDGER_HOST="0.0.0.0", SPANLEDGER_CONFIG=str(policy))
    assert done.returncode == 1
    assert "SPANLEDGER_DASHBOARD_PASSWORD" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_clean(tmp_path: Path, how: signal.Signals) -> None:
    instance = Instance(tmp_path / "data").start()
    processes = instance.processes()
    assert len(processes) >= 4  # supervisor, receiver, server, worker
    assert instance.stop(how) == 0
    deadline = time.monotonic() + 10  # multiprocessing's own helper process ends a moment after its parent
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not (tmp_path / "data" / "api.json").exists()
    assert "Traceback" not in instance.log.read_text()
