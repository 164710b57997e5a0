"""Fill a fresh store with the sample runs and serve the dashboard over it, until the process is ended.

A number on standard input stores one more run meanwhile: an embedded store belongs to one process.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import sample_runs
from ledger_entries import insert_ledger
from sample_runs import ARRIVING_RUN, EVALUATED_RUN, LARGE_RUN

from dashboard.web.server import create_app
from schema.runs.closing import close_silent
from schema.store.store import Store


def insert_on_demand(store: Store) -> None:
    """Store the sample run of each number that comes in on standard input, as starting now."""
    for line in sys.stdin:
        sample_runs.insert(store, sample_runs.run(int(line), time.time_ns()))


def insert_logged_run(store: Store, start: int) -> None:
    """Store a run with log records: three of its root, and 250 that name no span."""
    spans = sample_runs.evaluated_run(EVALUATED_RUN, start)
    sample_runs.insert(store, spans)
    records = [
        sample_runs.log_record(
            spans[0].trace_id,
            team=spans[0].team,
            at=start + number * sample_runs.MS,
            span_id=spans[0].span_id if number < 3 else "",
            event_name=sample_runs.HOSTILE if number % 2 else "order.checked",
            severity="ERROR" if number % 10 == 0 else "INFO",
            body=f'{{"order": {number}}}',
            attributes={"http.route": "/orders", sample_runs.HOSTILE: sample_runs.HOSTILE},
        )
        for number in range(253)
    ]
    sample_runs.insert_logs(store, records)


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
            close_silent(store, timedelta(0))
            sample_runs.insert(store, sample_runs.incomplete_run(ARRIVING_RUN, now - sample_runs.MINUTE))
            insert_logged_run(store, now - 12 * sample_runs.MINUTE)
            insert_ledger(store, now // sample_runs.SECOND)
        if given.large:
            sample_runs.insert(store, sample_runs.large_run(LARGE_RUN, now - sample_runs.MINUTE * 30, given.large))
        threading.Thread(target=insert_on_demand, args=(store,), daemon=True).start()
        application = create_app(store, password=None, loopback=True)
        uvicorn.run(application, host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
