"""The file api.json, with the addresses and the token of a running instance."""

from __future__ import annotations

import json
import logging
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.settings import Settings

log = logging.getLogger(__name__)


def announce(settings: Settings, endpoints: dict[str, str]) -> None:
    """Write api.json in one step, readable by its owner only."""
    content = json.dumps(endpoints | {"pid": os.getpid(), "started": time.time()})
    new = settings.api_path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    new.rename(settings.api_path)


def withdraw(settings: Settings) -> None:
    """Remove api.json. If that fails, the file names a port without a listener, as after a kill."""
    try:
        settings.api_path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s cannot be removed: %s", settings.api_path, error.strerror)
