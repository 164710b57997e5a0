"""Runs one drill: plants texts, sends them, waits, searches, and reports."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from collector.drill.invented import Inventor
from collector.drill.runs import Planted, Run
from collector.drill.search import left_in_files, results, text_of
from collector.errors import UserError
from collector.keys.ingest_keys import KEY_HEADER
from schema.drill_results import IDENTIFIER, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from collector.api.client import Instance

_TIMEOUT: Final = httpx.Timeout(30, connect=5)
_PATIENCE: Final = 600.0  # seconds for redaction and storing of everything
_POLL: Final = 0.3
_RETRIED: Final = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


class DrillError(UserError):
    """The drill could not be run; the message says what to do."""


@dataclass(slots=True)
class DrillReport:
    """The results of a drill."""

    seed: int
    runs: int
    results: list[Result]
    files: dict[Path, int] = field(default_factory=dict)  # files with planted text in the clear, and its count
    files_searched: int = 0

    def total(self, *, identifiers: bool = False) -> Result:
        """Return the sum over all personal data, or over the identifiers, which must survive."""
        return _added("all", (result for result in self.results if (result.entity == IDENTIFIER) is identifiers))

    def by(self, name: str) -> list[Result]:
        """Return the results of personal data summed by "entity" or by "place", worst first."""
        groups: defaultdict[str, list[Result]] = defaultdict(list)
        for result in self.results:
            if result.entity != IDENTIFIER:
                groups[getattr(result, name)].append(result)
        sums = [_added(key, members) for key, members in groups.items()]
        return sorted(sums, key=lambda total: (total.removed / total.planted, total.entity))


def _added(name: str, results: Iterable[Result]) -> Result:
    """Return the sum of results under one name."""
    counts = [(one.planted, one.removed, one.left_in_part, one.left_whole) for one in results]
    return Result(name, "", *map(sum, zip(*counts, strict=True))) if counts else Result(name, "", 0, 0, 0, 0)


def rehearse(  # noqa: PLR0913 - all are keywords of one call
    instance: Instance, data_dir: Path, *, runs: int, seed: int, key: str, progress: Callable[[str], None]
) -> DrillReport:
    """Send invented runs through the receiver, search the store and the disk, store the result, delete the runs.

    Raises DrillError, or StoreError if the instance does not respond.
    """
    service = f"spanledger-drill-{secrets.token_hex(6)}"
    inventor = Inventor(seed)
    invented = [Run(inventor, service) for _ in range(runs)]
    planted = [item for run in invented for item in run.planted]
    progress(f"{len(planted)} texts are planted in {runs} runs")
    traces = [run.trace_id for run in invented]
    try:
        _send(instance.endpoints["otlp_http"], invented, key)
        _wait(instance, progress)
        stored = text_of(_rows(instance, traces, service))
        missing = set(traces) - stored.keys()
        if missing:
            raise DrillError(f"{len(missing)} of the {runs} runs did not reach the store; see `spanledger doctor`")
        report = DrillReport(seed, runs, results(planted, stored))
        files = [file for file in data_dir.rglob("*") if file.is_file()]
        report.files = left_in_files(_personal(planted), files)
        report.files_searched = len(files)
        instance.record_drill(report.seed, report.results)
    finally:
        instance.remove_drill(traces, service)
    return report


def _personal(planted: Sequence[Planted]) -> list[Planted]:
    return [item for item in planted if item.invented.entity != IDENTIFIER]


def _send(endpoint: str, runs: Sequence[Run], key: str) -> None:
    headers = {"content-type": "application/x-protobuf"} | ({KEY_HEADER: key} if key else {})
    with httpx.Client(base_url=endpoint, headers=headers, timeout=_TIMEOUT, trust_env=False) as client:
        for run in runs:
            for signal, request in (("traces", run.traces), ("logs", run.logs), ("metrics", run.metrics)):
                _post(client, f"/v1/{signal}", request.SerializeToString())


def _post(client: httpx.Client, path: str, body: bytes) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            answer = client.post(path, content=body)
        except httpx.HTTPError as error:
            raise DrillError(f"the receiver at {client.base_url} does not answer ({type(error).__name__})") from None
        if answer.is_success:
            return
        if answer.status_code not in _RETRIED or time.monotonic() > deadline:
            raise DrillError(
                f"the receiver at {client.base_url} refused the drill with {answer.status_code}; see --key"
            )
        time.sleep(float(answer.headers.get("retry-after", "1")))


def _wait(instance: Instance, progress: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (status := instance.status()).waiting_requests or not status.runs_up_to_date:
        waiting = status.waiting_requests
        if time.monotonic() > deadline:
            raise DrillError(f"{waiting} requests still wait after {_PATIENCE:.0f} s; see `spanledger doctor`")
        progress(f"{waiting} requests are being redacted and stored")
        time.sleep(_POLL)


def _rows(instance: Instance, traces: Sequence[str], service: str) -> list[dict[str, object]]:
    """Return all stored rows of these runs, with every column."""
    trace_ids = ", ".join(f"'{trace}'" for trace in traces)  # hexadecimal digits of our own
    rows: list[dict[str, object]] = []
    for table in ("spans", "logs", "runs"):
        rows += instance.query(f"SELECT * FROM {table} WHERE trace_id IN ({trace_ids})").to_pylist()  # noqa: S608 - as above
    rows += instance.query(
        "SELECT *, attributes['drill.trace_id'] AS trace_id FROM metric_points"  # noqa: S608 - our own name
        f" WHERE service_name = '{service}'"
    ).to_pylist()
    return rows
