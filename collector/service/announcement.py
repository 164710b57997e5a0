"""The file api.json, in which a running instance says how it is reached."""

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
    """Write api.json, readable by its owner only, in one step."""
    content = json.dumps(endpoints | {"pid": os.getpid(), "started": time.time()})
    new = settings.api_path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    new.rename(settings.api_path)


def withdraw(settings: Settings) -> None:
    """Remove api.json; one that cannot be removed names a port at which nobody answers, as after a kill."""
    try:
        settings.api_path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s cannot be removed: %s", settings.api_path, error.strerror)
