"""The cost of assigning sessions in a pass over touched runs, with many stored runs and one session id of many runs.

    python -m benchmarks.sessions [--runs 200000] [--constant 20000]

A pass writes the runs of new traces. "lone" runs have no session, "own" runs a session of their own, "constant" runs
the session of the `--constant` runs. CPU-seconds are those of all threads of the process, engine included.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import tempfile
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from schema.runs.recompute import recompute
from schema.runs.rows import RunRow, run_table
from schema.runs.summary import summarise
from schema.span import Span, to_batch
from schema.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK = 5000
_NOW = time.time_ns()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000, help="runs in the store, in sessions of three")
    parser.add_argument("--constant", type=int, default=20_000, help="further runs that share one session id")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Store.open(f"chdb://{folder}/store") as store:
        fill(store, options.runs, lambda number: f"session {number // 3}")
        fill(store, options.constant, lambda _: "constant")
        print(
            f"{platform.machine()}, Python {platform.python_version()}; {options.runs} runs, {options.constant} in one"
        )
        print(f"{'runs a pass':>11}  {'session':<9}{'ms':>8}{'CPU ms':>8}   (medians)")
        for size in (1, 50, 500):
            for name, session in (("lone", str), ("own", lambda: uuid4().hex), ("constant", lambda: "constant")):
                wall, cpu = measure(store, size, session, options.rounds)
                print(f"{size:>11}  {name:<9}{wall * 1000:>8.0f}{cpu * 1000:>8.0f}")


def fill(store: Store, runs: int, session: Callable[[int], str]) -> None:
    """Insert runs directly into the table, in the state after earlier passes."""
    rng = random.Random(runs)
    traces = sorted(f"{rng.getrandbits(128):032x}" for _ in range(runs))
    rows, first = [], {}
    for number, trace in enumerate(traces):
        name = session(number)
        row = RunRow(summarise([span(trace, name)]), closed=True, updated_at=_NOW)
        rows.append(row._replace(first_trace_id=first.setdefault(name, trace)))
    rng.shuffle(rows)
    for begin in range(0, runs, _BLOCK):
        store.insert("runs", run_table(rows[begin : begin + _BLOCK]), token=uuid4().hex)


def span(trace: str, session: str) -> Span:
    return Span(
        trace_id=trace,
        span_id="a" * 16,
        team="payments",
        kind="agent",
        start_time=_NOW,
        duration_ns=10**9,
        session_id=session,
        input_preview="Where is my order? " * 8,
        output_preview="It was delivered on Monday. " * 6,
        received_at=_NOW,
        retain_until=_NOW // 86_400_000_000_000 + 30,
    )


def measure(store: Store, size: int, session: Callable[[], str], rounds: int) -> tuple[float, float]:
    walls, cpus = [], []
    for _ in range(rounds):
        spans = [span(uuid4().hex, session()) for _ in range(size)]
        store.insert("spans", to_batch(spans), token=uuid4().hex)
        wall, cpu = time.perf_counter(), time.process_time()
        recompute(store, [each.trace_id for each in spans])
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


if __name__ == "__main__":
    main()
