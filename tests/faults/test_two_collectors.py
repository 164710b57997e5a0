"""Two collectors on one cluster behind the proxy of docker-compose.yml: every span arrives once, whichever stops."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import cluster_double
import grpc
import httpx
import pytest
from agent_runs import run_request
from instance import Instance
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_grpc_client import Client

from schema.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
CONFIG = Path(__file__).parents[2] / "deploy" / "haproxy.cfg"
SENDERS = [f"127.0.0.{number}" for number in range(10, 22)]
PROMPTS = [f"Where is parcel {number}?" for number in range(6)]
COST = Decimal("0.00021") * len(PROMPTS)  # 1,000 tokens in and 100 out of gpt-4o-mini a prompt

pytestmark = pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait(until: object, what: str) -> None:
    deadline = time.monotonic() + 90
    while not until():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@contextlib.contextmanager
def proxied(folder: Path, collectors: list[Instance]) -> Iterator[tuple[str, str]]:
    """Run the proxy in front of these collectors; yield its addresses for HTTP and gRPC."""
    http, rpc = free_port(), free_port()
    config = (
        CONFIG.read_text(encoding="utf-8").replace("bind :4318", f"bind :{http}").replace("bind :4317", f"bind :{rpc}")
    )
    config = config.replace(" resolvers docker init-addr last,libc,none", "")
    for number, collector in enumerate(collectors, 1):
        for port, kind in ((4318, "HTTP"), (4317, "GRPC")):
            ours = collector.settings[f"SPANLEDGER_OTLP_{kind}_PORT"]
            config = config.replace(f"collector-{number}:{port}", f"127.0.0.1:{ours}")
    assert not re.search(r"collector-\d:", config)
    (folder / "haproxy.cfg").write_text(config, encoding="utf-8")
    assert HAPROXY is not None
    with subprocess.Popen([HAPROXY, "-db", "-f", str(folder / "haproxy.cfg")], stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{http}", f"127.0.0.1:{rpc}"
        finally:
            process.terminate()


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):  # it does not listen yet
        return httpx.get(url).status_code == httpx.codes.OK
    return False


def send(url: str, body: bytes, sender: str) -> httpx.Response:
    """Send from a client with this address."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=sender), timeout=60) as client:
        return client.post(f"{url}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"})


def delivered(url: str, body: bytes, sender: str) -> None:
    """Send until the request is acknowledged, as exporters do."""

    def acknowledged() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return send(url, body, sender).status_code == httpx.codes.OK
        return False

    wait(acknowledged, "an acknowledgement")


def halves(body: bytes) -> tuple[bytes, bytes]:
    """Return two requests with the spans of one run."""
    both = ExportTraceServiceRequest.FromString(body), ExportTraceServiceRequest.FromString(body)
    for request, kept in zip(both, (slice(0, 3), slice(3, None)), strict=True):
        spans = request.resource_spans[0].scope_spans[0].spans
        some = list(spans)[kept]
        del spans[:]
        spans.extend(some)
    return both[0].SerializeToString(), both[1].SerializeToString()


@pytest.mark.timeout(600)
def test_spans_arrive_once_through_the_proxy_whoever_is_stopped(tmp_path: Path) -> None:
    with contextlib.ExitStack() as running:
        url = running.enter_context(cluster_double.running(tmp_path))
        collectors = []
        for number in (1, 2):
            ports = {f"SPANLEDGER_OTLP_{kind}_PORT": str(free_port()) for kind in ("HTTP", "GRPC")}
            collectors.append(Instance(tmp_path / f"data-{number}", settings={"SPANLEDGER_STORE": url, **ports}))
            running.callback(collectors[-1].stop)
        with ThreadPoolExecutor(2) as together:
            list(together.map(lambda collector: collector.start("collect"), collectors))
        http, rpc = running.enter_context(proxied(tmp_path, collectors))
        wait(lambda: answers(f"{http}/proxyz"), "the proxy")

        made = [run_request(PROMPTS) for _ in range(60)]
        sent: list[str] = [span_id for _, ids in made for span_id in ids]
        with ThreadPoolExecutor(6) as senders:
            work = []
            for index, (body, _) in enumerate(made):
                for place, half in enumerate(halves(body)):  # of two senders: the run comes by both collectors
                    work.append(senders.submit(delivered, http, half, SENDERS[(index + 5 * place) % len(SENDERS)]))
                if index == 30:
                    assert collectors[0].stop() == 0
                if index == 45:
                    collectors[0].start("collect")
            for one in work:
                one.result()
        with Client(rpc) as client:
            for _ in range(5):
                body, ids = run_request(PROMPTS)
                made.append((body, ids))
                code, answer, _ = client.send(body)
                assert code is grpc.StatusCode.OK, answer
                assert client.send(body)[0] is grpc.StatusCode.OK  # again, to the same collector, which knows it
                sent += ids
        assert send(http, os.urandom(65 * 2**20), SENDERS[0]).status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        assert send(http, b"\xff", SENDERS[0]).status_code == httpx.codes.BAD_REQUEST

        for collector in collectors:
            collector.settled()
        with Store(url) as store:
            copies = store.query("SELECT span_id, count() AS n FROM spans GROUP BY span_id").to_pylist()
            wait(lambda: not store.query("SELECT 1 FROM runs FINAL WHERE NOT complete").num_rows, "every run")
            runs = store.query("SELECT span_count, cost_usd, complete FROM runs FINAL").to_pylist()
            shares = store.query("SELECT sum(stored_requests) AS n FROM ledger FINAL GROUP BY collector").to_pylist()
        assert {row["span_id"]: row["n"] for row in copies} == dict.fromkeys(sent, 1)
        assert runs == [{"span_count": len(PROMPTS) + 1, "cost_usd": COST, "complete": True}] * len(made)
        assert len(shares) == 2  # both had something to do

        for collector in collectors:
            assert collector.stop() == 0
        wait(lambda: send(http, made[0][0], SENDERS[0]).status_code == httpx.codes.SERVICE_UNAVAILABLE, "a refusal")
        assert send(http, made[0][0], SENDERS[0]).headers["retry-after"] == "5"
        with Client(rpc) as client:
            assert client.send(made[0][0])[0] is grpc.StatusCode.UNAVAILABLE
