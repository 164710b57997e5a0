"""Open the spool in a process that must not end when the disk fails: it retries until it succeeds."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from collector.settings import SettingsError
from collector.spool.key_files import KeyFileError
from collector.spool.spool import SpoolError, open_spool

if TYPE_CHECKING:
    from collector.settings import Settings
    from collector.spool.spool import Spool

log = logging.getLogger(__name__)

_RETRY: Final = 1.0  # seconds


def open_patiently(settings: Settings, stop: threading.Event | None = None) -> Spool | None:
    """Open the spool, and retry once a second while it cannot be opened. Return None if `stop` is set first."""
    stop = stop or threading.Event()
    last_problem = ""
    while not stop.is_set():
        try:
            return open_spool(settings)
        except (SpoolError, SettingsError, KeyFileError) as error:
            if str(error) != last_problem:
                last_problem = str(error)
                log.warning("waiting for the spool: %s", error)
            stop.wait(_RETRY)
    return None
