"""Ingest benchmark: acknowledgement, CPU up to the store, memory and disk of an instance.

    python -m benchmarks.ingest [path/to/loadgen.py] [--spans 24000]

The load is built from the real exports in tests/data, or comes from a generator: a module with the functions
`bodies(total, batch, seed=)` and `drive(url, work, connections)` of benchmarks/load.py. It runs on the same cores as
the instance.

Targets: at least 20,000 spans a second acknowledged after fsync with idle workers (a signal stops them and the server)
and 8,000 with busy workers; p99 below 250 ms; CPU for 1,000 spans: 0.05 s in the receiver, 0.35 s in all without
redaction's model; visible within 2 s at half the load; 1.2 GB of memory in all when idle.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import benchmarks.load
from benchmarks.normalise import load
from collector.api.client import Instance
from collector.pipeline.pipeline import Pipeline
from collector.pipeline.redact import redact_traces
from collector.pipeline.rules_from_policy import rulebook
from collector.process import freeze_startup_objects
from redaction.tagger.tagger import Tagger
from redaction.teams import TeamRedactor
from schema.policy.policy import Policy
from schema.pricing.prices import Prices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redaction.ner.model import Entity

_TICKS = os.sysconf("SC_CLK_TCK")
_BATCH = 120
_CONNECTIONS = 8
_PATIENCE = 1800.0  # seconds until all spans must be stored

_Work = list[tuple[int, bytes]]


class Processes:
    """The processes of an instance, identified by their parent process."""

    def __init__(self, supervisor: int) -> None:
        ours = [pid for pid in _children(supervisor) if "resource_tracker" not in _read(pid, "cmdline")]
        self.server = next(pid for pid in ours if _children(pid))
        self.receiver = next(pid for pid in ours if pid != self.server)
        self.workers = [pid for pid in _children(self.server) if "resource_tracker" not in _read(pid, "cmdline")]
        self.all = [supervisor, self.receiver, self.server, *self.workers]

    def cpu(self) -> dict[str, float]:
        """Return the CPU-seconds of receiver, server and workers so far."""
        groups = {"receiver": [self.receiver], "server": [self.server], "workers": self.workers}
        return {name: sum(sum(map(int, _stat(pid)[11:13])) for pid in pids) / _TICKS for name, pids in groups.items()}

    def memory(self) -> float:
        """Return the memory of all processes in MB; shared pages count once."""
        return sum(int(_field(pid, "smaps_rollup", "Pss:")) for pid in self.all) / 1000

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Stop all processes but the receiver during the block."""
        for pid in (self.server, *self.workers):
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in (self.server, *self.workers):
                os.kill(pid, signal.SIGCONT)


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")


def _stat(pid: int) -> list[str]:
    return _read(pid, "stat").rpartition(")")[2].split()


def _field(pid: int, name: str, field: str) -> str:
    return next(line.split()[1] for line in _read(pid, name).splitlines() if line.startswith(field))


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loadgen", type=Path, nargs="?")
    parser.add_argument("--spans", type=int, default=24_000, help="for each of the two loads")
    options = parser.parse_args()
    generator = load(options.loadgen) if options.loadgen else benchmarks.load
    with tempfile.TemporaryDirectory(prefix="spanledger-ingest-") as folder:
        data_dir = Path(folder) / "data"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SPANLEDGER_")}
        ports = {f"SPANLEDGER_{name}_PORT": "0" for name in ("OTLP_HTTP", "OTLP_GRPC", "DASHBOARD")}
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "collector", "up"],
                env=environment | ports | {"SPANLEDGER_DATA_DIR": str(data_dir), "SPANLEDGER_WORKERS": "1"},
                stdout=log,
                stderr=log,
            )
        try:
            for name, value in measure(generator, process.pid, data_dir, options.spans):
                print(f"{name:58} {value}", flush=True)
        finally:
            process.terminate()
            process.wait()


def measure(generator: Any, supervisor: int, data_dir: Path, spans: int) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    endpoints, instance = _connected(data_dir)
    url = f"{endpoints['otlp_http']}/v1/traces"
    work, more = (list(generator.bodies(spans, _BATCH, seed=seed)) for seed in (1, 2))
    size = sum(len(body) for _, body in work) / spans
    yield "machine", f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    yield "load", f"{spans:,} + {spans:,} spans of {size:,.0f} B, {_BATCH} a request, {_CONNECTIONS} connections"
    _send(generator, url, list(generator.bodies(_BATCH, _BATCH, seed=3)))  # warm up
    _drain(instance)
    time.sleep(5)
    processes = Processes(supervisor)
    yield "memory when idle, all processes, MB", f"{processes.memory():,.0f}"

    before = processes.cpu()
    with processes.resting():
        sent = _send(generator, url, work)
        at_receiver = processes.cpu()["receiver"] - before["receiver"]
    yield from _latencies("workers rest", sent)
    yield "  CPU of the receiver, s for 1,000 spans", f"{at_receiver / spans * 1000:.4f}"
    begun = time.monotonic()
    time.sleep(1)
    yield from _latencies("workers are busy", _send(generator, url, more))
    _drain(instance)
    took, after = time.monotonic() - begun, processes.cpu()
    used = {name: (after[name] - before[name]) / 2 / spans * 1000 for name in after}
    yield "stored, spans a second", f"{2 * spans / took:,.0f}"
    yield "CPU of the whole way, s for 1,000 spans", f"{sum(used.values()):.3f}"
    for name, seconds in used.items():
        yield f"  of which {name}", f"{seconds:.3f}"
    redaction, model = (seconds / spans / 2 * 1000 for seconds in _redaction([body for _, body in work + more]))
    yield "  of which redaction (in a process of its own, same bodies)", f"{redaction:.3f}"
    yield "  of which its model", f"{model:.3f}"
    yield "  without the model", f"{sum(used.values()) - model:.3f}"
    yield "memory after it, all processes, MB", f"{processes.memory():,.0f}"
    rows = instance.query("SELECT count() AS rows FROM spans").to_pylist()[0]["rows"]
    bytes_stored = sum(file.stat().st_size for file in (data_dir / "store").rglob("*") if file.is_file())
    yield "spans in the store", f"{rows:,}"
    yield "bytes of the store for one span, runs and indexes included", f"{bytes_stored / rows:,.0f}"
    waits = _visible(generator, url, instance, spans / took)
    yield (
        "visible after the acknowledgement at half that load, s",
        f"median {waits[len(waits) // 2]:.2f}, worst {waits[-1]:.2f}",
    )


def _latencies(state: str, sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"acknowledged while {state}, spans a second", f"{sent['spans_per_s']:,.0f}"
    yield "  p50, p95, p99 in ms", f"{sent['p50_ms']}, {sent['p95_ms']}, {sent['p99_ms']}"
    yield "  errors, unsent", f"{sent['errors'] or 0}, {sent['unsent']}"


def _connected(data_dir: Path) -> tuple[dict[str, Any], Instance]:
    deadline = time.monotonic() + 90
    while not (data_dir / "api.json").exists():
        if time.monotonic() > deadline:
            raise SystemExit("the instance did not start")
        time.sleep(0.1)
    endpoints = json.loads((data_dir / "api.json").read_text())
    return endpoints, Instance(endpoints)


def _send(generator: Any, url: str, work: _Work) -> dict[str, Any]:  # noqa: ANN401
    return dict(generator.drive(url, work, _CONNECTIONS))


def _drain(instance: Instance) -> None:
    deadline = time.monotonic() + _PATIENCE
    while instance.status().waiting_requests:
        if time.monotonic() > deadline:
            raise SystemExit("the spans were not stored in time")
        time.sleep(1.0)  # a status request costs the server CPU too


def _redaction(bodies: Sequence[bytes]) -> tuple[float, float]:
    """Return the CPU-seconds of one worker's redaction of these bodies, and of its model alone."""
    redactor = TeamRedactor(rulebook(Policy().redaction))
    pipeline = Pipeline(redactor, Policy(), Prices())
    pipeline.warm_up()
    freeze_startup_objects()
    used, find = 0.0, Tagger.find
    model_seconds: list[float] = []

    def timed(tagger: Tagger, texts: Sequence[str]) -> list[list[Entity]]:
        start = time.process_time()
        entities = find(tagger, texts)
        model_seconds.append(time.process_time() - start)
        return entities

    Tagger.find = timed  # type: ignore[method-assign]
    for body in bodies:
        request = ExportTraceServiceRequest.FromString(body)
        start = time.process_time()
        redact_traces(request, redactor, Policy().attributes.team)
        used += time.process_time() - start
    Tagger.find = find  # type: ignore[method-assign]
    return used, sum(model_seconds)


def _visible(generator: Any, url: str, instance: Instance, rate: float) -> list[float]:  # noqa: ANN401
    """Return, sorted, the seconds from acknowledgement until the spans of small requests are visible."""
    waits = []
    work = list(generator.bodies(12 * 60, 12, seed=4))
    for spans, body in work:
        due = time.monotonic() + spans / rate
        trace = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans[-1].trace_id.hex()
        _send(generator, url, [(spans, body)])
        acknowledged = time.monotonic()
        while not instance.query(f"SELECT 1 FROM spans WHERE trace_id = '{trace}' LIMIT 1").num_rows:
            time.sleep(0.02)
        waits.append(time.monotonic() - acknowledged)
        time.sleep(max(0.0, due - time.monotonic()))
    return sorted(waits)


if __name__ == "__main__":
    main()
