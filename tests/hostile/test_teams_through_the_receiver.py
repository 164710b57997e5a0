"""Two keys of one instance: requests of alpha that name beta's trace change nothing in beta's run, spans and pages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aftermath import assert_ledger_adds_up, assert_nothing_raw
from instance import Instance
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from two_teams import BETA_TRACE, POLICY, SECRETS, attacks, beta

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collector.otlp.messages import ExportRequest

TRACE = BETA_TRACE.hex()
ROUTES = ("steps?team=beta", "logs?team=beta", *(f"spans/{number:016x}?team=beta" for number in (1, 2, 3)))


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("keyed")
    write_policy(folder)
    started = Instance(folder / "data").start()
    yield started
    started.stop()


def write_policy(folder: Path) -> None:
    lines = ["ingest_keys:"]
    for key in POLICY.ingest_keys:
        lines += [f"  - name: {key.name}", f"    sha256: '{key.sha256}'", *([f"    team: {key.team}"] * bool(key.team))]
    (folder / "spanledger.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def send(instance: Instance, name: str, body: ExportRequest) -> None:
    signals = {ExportLogsServiceRequest: "logs", ExportMetricsServiceRequest: "metrics"}
    answer = instance.send(
        body.SerializeToString(), signals.get(type(body), "traces"), authorization=f"Bearer {SECRETS[name]}"
    )
    assert answer.status_code == 200, answer.text


def seen(instance: Instance) -> dict[str, Any]:
    """Return beta's rows, and the data that pages load of its run."""
    base = f"{instance.endpoints['dashboard']}/api/runs/{TRACE}"
    return {
        "runs": instance.sql("SELECT * FROM runs FINAL WHERE team = 'beta' ORDER BY trace_id"),
        "spans": instance.sql("SELECT * FROM spans WHERE team = 'beta' ORDER BY trace_id, span_id, received_at"),
        **{route: httpx.get(f"{base}/{route}", trust_env=False, timeout=30).text for route in ROUTES},
    }


def up_to_date(instance: Instance, until: str) -> None:
    """Wait until the spool is empty and this query returns the expected count."""
    instance.settled()
    deadline = time.monotonic() + 60
    while instance.sql(until) != [{"n": 1}]:
        assert time.monotonic() < deadline, until
        time.sleep(0.2)


def test_nothing_of_alphas_reaches_what_beta_sees(keyed: Instance) -> None:
    start = time.time_ns() - 60 * 10**9
    for body in beta(start):
        send(keyed, "beta", body)
    complete = "span_count = 3 AND cost_usd = 0.25 AND outcome = 'success' AND input_preview != ''"
    up_to_date(
        keyed, f"SELECT count() AS n FROM runs FINAL WHERE trace_id = '{TRACE}' AND team = 'beta' AND {complete}"
    )
    before = seen(keyed)
    for body in attacks(start).values():
        send(keyed, "alpha", body)
    sent = "span_count = 9 AND cost_usd >= 75"
    up_to_date(keyed, f"SELECT count() AS n FROM runs FINAL WHERE trace_id = '{TRACE}' AND team = 'alpha' AND {sent}")
    assert seen(keyed) == before
    shown = httpx.get(
        f"{keyed.endpoints['dashboard']}/api/runs/{TRACE}/spans?team=beta", trust_env=False, timeout=30
    ).json()
    conflicts = {
        (span_id, team, first)
        for span_id, team, first in zip(shown["span_id"], shown["team"], shown["first_sent_by"], strict=True)
        if first
    }
    assert conflicts == {(f"{number:016x}", "alpha", "beta") for number in (1, 2)}
    assert_ledger_adds_up(keyed)
    assert_nothing_raw(keyed, (b"jane@example.com",))
