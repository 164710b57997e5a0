"""Opens the store of the settings."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

from schema.store.errors import StoreUnavailableError
from schema.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from collector.settings import Settings


def open_store(settings: Settings, *, patience: float = 20.0, create: bool = True) -> Store:
    """Open the store; wait up to `patience` seconds for another process to release it. Raises StoreError.

    Commands that only read pass `create=False`, so that they create no store and no directory.
    """
    if create:
        settings.make_data_dir()
    try:
        store = Store.open(settings.store_url, patience=patience, create=create)
        if store.embedded and settings.data_dir.exists():
            _keep_blocks_in(settings.data_dir / "tmp")
    except OSError as error:
        raise StoreUnavailableError(str(settings.unusable_data_dir(error))) from None
    return store


def _keep_blocks_in(folder: Path) -> None:
    """Make the engine's client write its temporary files here; remove those of a killed process."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    tempfile.tempdir = str(folder)
