"""The lock on the data directory: one instance, with its child processes, uses it at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, Final

from collector.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.settings import Settings

_PATIENCE: Final = 3.0  # seconds that a killed instance may take to release it


@contextlib.contextmanager
def only_instance(settings: Settings) -> Iterator[None]:
    """Lock the data directory: two instances must not share a spool or an embedded store. Raises SettingsError."""
    settings.make_data_dir()
    try:
        descriptor = os.open(settings.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise settings.unusable_data_dir(error) from None
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SettingsError(
                        f"another instance works in {settings.data_dir}: stop it, or set SPANLEDGER_DATA_DIR"
                    ) from None
                time.sleep(0.1)
            except OSError as error:
                raise settings.unusable_data_dir(error) from None
        yield
    finally:
        os.close(descriptor)
