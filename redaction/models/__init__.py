"""The NER models by the names that configuration uses. The tagger ships with the package (redaction.tagger).

The code of a model is imported when it is built: processes that only check its files need not load its run time.
"""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from typing import TYPE_CHECKING

from redaction.errors import UnknownModel
from redaction.models.directory import default_directory, load_files
from redaction.tagger.files import default_weights, read_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from redaction.ner.model import NerModel

__all__ = ["DEFAULT", "MODELS", "build_model", "default_directory", "require_model"]


def _tagger(directory: Path | None) -> NerModel:
    from redaction.tagger.tagger import Tagger, load

    return Tagger(load(directory))


def _rampart(directory: Path | None) -> NerModel:
    from redaction.models.rampart import Rampart

    return Rampart(directory)


MODELS: dict[str, Callable[[Path | None], NerModel]] = {"tagger": _tagger, "rampart": _rampart}
DEFAULT = "tagger"


def build_model(name: str = DEFAULT, directory: Path | None = None) -> NerModel:
    """Load a model, by default from its usual directory.

    Raises UnknownModel, ModelMissing if its files do not exist, ModelCorrupt if their SHA-256 differs.
    """
    if name not in MODELS:
        raise UnknownModel(f"model: there is no {name!r}, use one of {', '.join(sorted(MODELS))}")
    return MODELS[name](directory)


def require_model(name: str = DEFAULT, directory: Path | None = None) -> str:
    """Check the files of a model without loading it, and return their directory; raises as `build_model` does."""
    if name == "tagger":
        read_files(directory)
        return str(directory or default_weights())
    if name not in MODELS:
        build_model(name)
    load_files(directory or default_directory())
    return str(directory or default_directory())
