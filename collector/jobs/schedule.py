"""Periodic jobs of the delivery loop; they run between blocks, one at a time."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from schema.store.errors import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)


class Job(ABC):
    """One job, for one thread. If the store refuses it, the job logs that and the loop goes on."""

    failure: ClassVar[str]
    """Log message if the store refuses the job."""
    every: ClassVar[float]
    """Seconds between two starts of the job."""
    retry: ClassVar[float]
    """Seconds from an error to the next attempt, if more than `every`."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def is_due(self, *, busy: bool) -> bool:  # noqa: ARG002 - for jobs that run less often under load
        """Whether to run the job now; `busy` means that requests are at the workers."""
        return time.monotonic() >= self._next_at

    def run(self) -> None:
        """Run the job now. Raises SpoolError, and StoreError if the store is not available."""
        self._next_at = time.monotonic() + self.every
        try:
            self._work()
        except QueryFailedError as error:
            log.error("%s, next attempt in %d s: %s", self.failure, self.retry, error)  # noqa: TRY400
            if self.retry > self.every:
                self._next_at = time.monotonic() + self.retry

    @abstractmethod
    def _work(self) -> None:
        """Do the work. A QueryFailedError postpones the job; the loop handles any other error."""


def run_due(jobs: Iterable[Job], *, busy: bool) -> None:
    """Run the jobs that are due, in this order. Raises as `Job.run` does."""
    for job in jobs:
        if job.is_due(busy=busy):
            job.run()
