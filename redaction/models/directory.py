"""The model directory: its path, and the manifest with the SHA-256 of its files."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from redaction.errors import ModelCorrupt, ModelMissing

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "manifest.json"
LOADED = ("model.onnx", "tokenizer.json", "config.json")
"""The files that a model is loaded from."""
PREPARE = "python -m redaction.models prepare"


def default_directory() -> Path:
    """$SPANLEDGER_MODEL_DIR, else a directory in the user's cache."""
    named = os.environ.get("SPANLEDGER_MODEL_DIR")
    return Path(named) if named else Path.home() / ".cache" / "spanledger" / "models"


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in lower-case hex."""
    with path.open("rb") as file:
        state = sha256()
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def write_manifest(directory: Path, source: dict[str, str], files: Iterable[str]) -> None:
    """Write the SHA-256 of the files and of the files they are made from."""
    manifest = {"source": source, "files": {name: checksum(directory / name) for name in sorted(files)}}
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def load_files(directory: Path, required: Iterable[str] = LOADED) -> dict[str, bytes]:
    """Read the required files, each checked against the manifest.

    Raises ModelMissing if the directory was never prepared, ModelCorrupt if a file has changed since.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise ModelMissing(f"No NER model in {directory}. Prepare it once with: {PREPARE} --cache {directory}")
    try:
        sums = json.loads(path.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelCorrupt(f"{path} is not a manifest. Prepare the model again with: {PREPARE}") from error
    contents = {}
    for name in required:
        file = directory / name
        if not file.is_file() or name not in sums:
            raise ModelMissing(f"{file} is missing. Prepare the model again with: {PREPARE} --cache {directory}")
        content = file.read_bytes()
        if sha256(content).hexdigest() != sums[name]:
            raise ModelCorrupt(
                f"{file} is not the file that was prepared (SHA-256 differs). Prepare it again: {PREPARE}"
            )
        contents[name] = content
    return contents
