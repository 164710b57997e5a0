"""Fill a fresh store with the sample runs and serve the dashboard over it, until the process is ended.

A number on standard input stores one more run meanwhile: an embedded store belongs to one process.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sample_runs

from dashboard.server import create_app
from schema.store import Store


def insert_on_demand(store: Store) -> None:
    """Store the sample run of each number that comes in on standard input, as starting now."""
    for line in sys.stdin:
        sample_runs.insert(store, sample_runs.run(int(line), time.time_ns()))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", required=True)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--large", type=int, default=0)
    arguments.add_argument("--empty", action="store_true")
    given = arguments.parse_args()
    with Store.open(f"chdb://{given.folder}") as store:
        now = time.time_ns()
        if not given.empty:
            sample_runs.fill(store, now=now)
        if given.large:
            sample_runs.insert(store, sample_runs.large_run(900, now - sample_runs.MINUTE * 30, given.large))
        threading.Thread(target=insert_on_demand, args=(store,), daemon=True).start()
        application = create_app(store, password=None, loopback=True)
        uvicorn.run(application, host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
