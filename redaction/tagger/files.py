"""Reads and checks the files of the tagger; a module of its own, so that a check need not load the tagger."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from redaction.errors import ModelCorrupt, ModelMissing

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

NETWORK, TABLE, LEXICON, MANIFEST = "network.onnx", "table.npz", "lexicon.txt.gz", "manifest.json"
LOADED = (NETWORK, TABLE, LEXICON)


def default_weights() -> Traversable:
    """Return the directory of the weights that ship with the package."""
    return files("redaction.tagger").joinpath("weights")


def read_files(directory: Traversable | None = None) -> dict[str, bytes]:
    """Read the files of a directory, by default the package's own; return their contents by name.

    Raises ModelMissing if a file does not exist, ModelCorrupt if its SHA-256 is not the one in the manifest.
    """
    place = directory or default_weights()
    contents: dict[str, bytes] = {}
    try:
        sums = json.loads(place.joinpath(MANIFEST).read_text(encoding="utf-8"))["files"]
        for name in LOADED:
            contents[name] = place.joinpath(name).read_bytes()
            if sha256(contents[name]).hexdigest() != sums[name]:
                raise ModelCorrupt(f"{name} of the tagger is not the file that was trained (SHA-256 differs)")
    except FileNotFoundError as error:
        raise ModelMissing(f"No tagger in {place}. Install the package again, or train one with: make model") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelCorrupt(f"{place.joinpath(MANIFEST)} is not a manifest of the tagger") from error
    return contents
