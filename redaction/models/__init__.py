"""The NER models: each has a name that configuration may use. The tagger ships with the package (redaction.tagger)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redaction.errors import UnknownModel
from redaction.models.directory import default_directory, load_files
from redaction.models.rampart import Rampart
from redaction.tagger.tagger import Tagger, default_weights, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from redaction.ner import NerModel

__all__ = ["DEFAULT", "MODELS", "build_model", "default_directory", "require_model"]

MODELS: dict[str, Callable[[Path | None], NerModel]] = {
    "tagger": lambda directory: Tagger(load(directory)),
    "rampart": Rampart,
}
DEFAULT = "tagger"


def build_model(name: str = DEFAULT, directory: Path | None = None) -> NerModel:
    """Load a model, from its usual place where no directory is given.

    Raises UnknownModel, ModelMissing when its files are not there, ModelCorrupt when they are not the right ones.
    """
    if name not in MODELS:
        raise UnknownModel(f"model: there is no {name!r}, use one of {', '.join(sorted(MODELS))}")
    return MODELS[name](directory)


def require_model(name: str = DEFAULT, directory: Path | None = None) -> str:
    """Check the files of a model without loading it, and say where they are; raises as `build_model` does."""
    if name == "tagger":
        load(directory)
        return str(directory or default_weights())
    if name not in MODELS:
        build_model(name)
    load_files(directory or default_directory())
    return str(directory or default_directory())
