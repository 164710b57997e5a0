"""Opening the spool in a process that goes on whatever the disk does."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from collector.settings import SettingsError
from collector.spool.seal import KeyFileError
from collector.spool.spool import SpoolError, open_spool

if TYPE_CHECKING:
    from collector.settings import Settings
    from collector.spool.spool import Spool

log = logging.getLogger(__name__)

_RETRY: Final = 1.0  # seconds


def open_patiently(settings: Settings, stop: threading.Event | None = None) -> Spool | None:
    """Open the spool, however long the disk or the folder refuses; None when `stop` is set before that."""
    stop = stop or threading.Event()
    refused = ""
    while not stop.is_set():
        try:
            return open_spool(settings)
        except (SpoolError, SettingsError, KeyFileError) as error:
            if str(error) != refused:
                refused = str(error)
                log.warning("waiting for the spool: %s", error)
            stop.wait(_RETRY)
    return None
