"""CPU time to normalise one span, for the real exports in tests/data or for bodies of a load generator.

    python -m benchmarks.normalise [path/to/loadgen.py]

The generator is a module with a function `bodies(total, batch)` that yields (spans, serialised
ExportTraceServiceRequest). Decoding is measured separately; the target is 40 µs on top of it.
"walk" is the minimum for reading all attributes, for comparison between machines.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.load import EXPORTS
from collector.process import freeze_startup_objects
from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.span import to_batch

if TYPE_CHECKING:
    from types import ModuleType


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("loadgen", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path}: not a Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loadgen", type=Path, nargs="?")
    parser.add_argument("--spans", type=int, default=2400)
    parser.add_argument("--batch", type=int, default=120, help="spans per request")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    if options.loadgen:
        bodies = [body for _, body in load(options.loadgen).bodies(options.spans, options.batch)]
    else:
        bodies = [path.read_bytes() for path in sorted(EXPORTS.glob("*/*.traces.pb"))]
    spans = sum(count(ExportTraceServiceRequest.FromString(body)) for body in bodies)
    policy, prices = Policy(), Prices()
    normalise(
        ExportTraceServiceRequest.FromString(bodies[0]), received_at=1, policy=policy, prices=prices
    )  # load prices
    freeze_startup_objects()  # as workers do
    best: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for number, body in enumerate(bodies):
            for name, seconds in measure(body, policy, prices).items():
                times = best.setdefault(name, [seconds] * len(bodies))
                times[number] = min(times[number], seconds)
    print(f"{platform.machine()}, Python {platform.python_version()}, {spans} spans in {len(bodies)} requests")
    print(f"µs of CPU a span, each request's best of {options.rounds} rounds")
    for name, times in best.items():
        print(f"{name:12} {sum(times) / spans * 1e6:8.1f}")


def measure(body: bytes, policy: Policy, prices: Prices) -> dict[str, float]:
    start = time.process_time()
    request = ExportTraceServiceRequest.FromString(body)
    decoded = time.process_time()
    walk(request)
    walked = time.process_time()
    spans = normalise(request, received_at=time.time_ns(), policy=policy, prices=prices)
    normalised = time.process_time()
    to_batch(spans)
    return {
        "decode": decoded - start,
        "walk": walked - decoded,
        "normalise": normalised - walked,
        "to_batch": time.process_time() - normalised,
    }


def count(request: ExportTraceServiceRequest) -> int:
    return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)


def walk(request: ExportTraceServiceRequest) -> None:
    """Read every string attribute into a dict: what anything that looks at attributes pays at least."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                {pair.key: pair.value.string_value for pair in span.attributes}


if __name__ == "__main__":
    main()
