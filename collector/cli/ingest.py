"""`spanledger ingest`: ingests files of OTLP requests, and waits until they are stored."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.api.file_requests import ingest_file
from collector.delivery import Writer
from collector.errors import IntakeError
from collector.open_store import open_store
from collector.pipeline.workers import WorkerPool
from collector.service.only_instance import only_instance
from collector.service.pseudonym_key import load_pseudonym_key
from collector.spool.spool import open_spool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from collector.api.client import Instance
    from collector.api.contract import Taken
    from collector.settings import Settings
    from collector.spool.spool import Signal

_POLL = 0.1  # seconds


@dataclass(slots=True)
class Report:
    """Result of ingesting files; `items` counts spans, log records and metric points by signal."""

    files: int = 0
    requests: int = 0
    items: Counter[Signal] = field(default_factory=Counter)
    repeated: int = 0  # requests that were sent before and are not stored again
    rejected: int = 0  # items that cannot be read, and spans without valid ids
    quarantined: int = 0  # requests that failed three times
    problems: list[str] = field(default_factory=list)  # one sentence for each unreadable file

    def add(self, requests: Sequence[Taken]) -> None:
        """Count the requests of one file."""
        self.files += 1
        self.requests += len(requests)
        for request in requests:
            self.rejected += request.rejected
            self.repeated += request.repeated
            self.items[request.signal] += request.items

    def lines(self) -> list[str]:
        """Return the report as sentences."""
        spans, records, points = (self.items[signal] for signal in ("traces", "logs", "metrics"))
        counts = f"{spans} spans, {records} log records, {points} metric points"
        verb = "were accepted" if self.quarantined else "are stored"
        sentences = [f"{counts} from {self.requests} requests in {self.files} files {verb}."]
        if self.repeated:
            sentences.append(
                f"{self.repeated} of the requests were sent before within a day and were not stored again."
            )
        if self.rejected:
            sentences.append(
                f"{self.rejected} spans, log records or points cannot be read or have no valid ids, and were rejected."
            )
        if self.quarantined:
            sentences.append(f"{self.quarantined} of the requests failed three times and are quarantined, not stored.")
        return sentences + self.problems


def ingest_through(instance: Instance, files: Sequence[Path], progress: Callable[[str], None]) -> Report:
    """Send the files to a running instance, and wait until it has stored them."""
    report, waiting = _ingest(files, instance.ingest_file)
    while waiting:
        waiting, quarantined = instance.progress(waiting)
        report.quarantined += len(quarantined)
        if waiting:
            progress(f"{len(waiting)} requests are being redacted and stored")
            time.sleep(_POLL)
    return report


def ingest_alone(settings: Settings, files: Sequence[Path], progress: Callable[[str], None]) -> Report:
    """Store the files without a running instance. Raises StoreError, SpoolError, or SettingsError (one is running)."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    policy = settings.policy()
    with only_instance(settings), open_store(settings) as store:
        spool = open_spool(settings)
        try:
            report, waiting = _ingest(files, lambda name, body: ingest_file(spool, name, body))
            progress(f"{len(waiting)} requests are being redacted and stored")
            pool = WorkerPool(settings.workers, policy, pseudonym_key=load_pseudonym_key(settings, policy))
            try:
                Writer(spool, store, pool, policy).drain()
            finally:
                pool.close()
            report.quarantined = len(spool.remaining(waiting)[1])
        finally:
            spool.close()
    return report


def _ingest(files: Sequence[Path], ingest_file: Callable[[str, bytes], list[Taken]]) -> tuple[Report, set[int]]:
    report = Report()
    waiting: set[int] = set()
    for file in files:
        try:
            requests = ingest_file(file.name, file.read_bytes())
        except OSError as error:
            report.problems.append(f"{file}: cannot be read ({error.strerror})")
            continue
        except IntakeError as error:
            report.problems.append(f"{file.parent / str(error)}")
            continue
        report.add(requests)
        waiting |= {request.id for request in requests}
    return report, waiting
