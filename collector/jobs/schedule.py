"""Jobs between the blocks: what is done again and again for what is stored, one at a time."""

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
    """One job. Not for several threads. If the store refuses it, that is logged and everything else goes on."""

    failure: ClassVar[str]
    """What the log says where the store refuses the job."""
    every: ClassVar[float]
    """Seconds from the start of the job to its next start."""
    retry: ClassVar[float]
    """Seconds from an error to the next attempt, where that is more than `every`."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def is_due(self, *, busy: bool) -> bool:  # noqa: ARG002 - for jobs that come less often under load
        """Whether to run the job now; `busy` says that requests are at the workers."""
        return time.monotonic() >= self._next_at

    def run(self) -> None:
        """Run the job now. Raises SpoolError, and StoreError if the store does not answer at all."""
        self._next_at = time.monotonic() + self.every
        try:
            self._work()
        except QueryFailedError as error:
            log.error("%s, next attempt in %d s: %s", self.failure, self.retry, error)  # noqa: TRY400
            if self.retry > self.every:
                self._next_at = time.monotonic() + self.retry

    @abstractmethod
    def _work(self) -> None:
        """Do the work. A QueryFailedError that it raises postpones the job; any other error is the loop's."""


def run_due(jobs: Iterable[Job], *, busy: bool) -> None:
    """Run the jobs that are due, in this order. Raises as `Job.run` does."""
    for job in jobs:
        if job.is_due(busy=busy):
            job.run()
