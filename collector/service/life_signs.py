"""What a server shows of itself: its address once it would store a request at once, and a heartbeat."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from collector.heartbeat import BEAT_SECONDS, beat
from collector.service.announcement import announce

if TYPE_CHECKING:
    from collector.delivery import Writer
    from collector.pipeline.worker_health import WorkerHealth
    from collector.settings import Settings

log = logging.getLogger(__name__)


class LifeSigns:
    """Announces the server and writes its heartbeat; without a writer there is nothing to announce but the address."""

    def __init__(
        self, settings: Settings, endpoints: dict[str, str], writer: Writer | None, health: WorkerHealth | None
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._writer = writer
        self._health = health
        self._announced = False
        self._beat_at = float("-inf")

    def show(self, answering: bool) -> None:  # noqa: FBT001 - the one thing that its caller knows
        """Show what there is to show now; to be called often, by what serves the API."""
        if answering and not self._announced and (self._writer is None or self._writer.ready):
            self._announced = self._announce()
            self._beat_at = float("-inf")
        if self._writer is None or self._health is None or time.monotonic() < self._beat_at + BEAT_SECONDS:
            return
        self._beat_at = time.monotonic()
        problem = self._health.problem()
        if self._announced or self._writer.waits_for_store:
            write_heartbeat(self._settings, problem)

    def _announce(self) -> bool:
        """Announce, and return whether that was possible: a folder that cannot be written now is tried again."""
        try:
            announce(self._settings, self._endpoints)
        except OSError as error:
            log.debug("the address is not written: %s", error.strerror)
            return False
        return True


def write_heartbeat(settings: Settings, problem: str) -> None:
    """Write the heartbeat; a file that cannot be written is logged, and the receiver finds that none comes."""
    try:
        beat(settings.heartbeat_path, problem)
    except OSError as error:
        log.warning("%s cannot be written: %s", settings.heartbeat_path, error.strerror)
