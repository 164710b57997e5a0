"""A missing, broken or exchanged model is refused with a sentence that names the command to run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from redaction.errors import ModelCorrupt, ModelMissing
from redaction.models import DEFAULT, default_directory, require_model
from redaction.models.directory import LOADED, load_files, write_manifest
from redaction.models.prepare_rampart import prepare
from redaction.redactor import build_redactor


def test_the_error_for_a_missing_model_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"python -m redaction\.models prepare"):
        build_redactor(tmp_path, model="rampart")


def test_an_exchanged_file_is_refused(tmp_path: Path) -> None:
    for name in (*LOADED, "manifest.json"):
        shutil.copyfile(default_directory() / name, tmp_path / name)
    assert require_model("rampart", tmp_path) == str(tmp_path)
    with (tmp_path / "config.json").open("a", encoding="utf-8") as config:
        config.write(" ")
    with pytest.raises(ModelCorrupt, match=r"config\.json .*SHA-256"):
        require_model("rampart", tmp_path)


def test_a_broken_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ModelCorrupt, match=r"is not a manifest"):
        load_files(tmp_path)


def test_a_file_without_a_sum_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    write_manifest(tmp_path, {}, [])
    with pytest.raises(ModelMissing, match="a is missing"):
        load_files(tmp_path, ["a"])


def test_the_default_model_ships_with_the_package() -> None:
    assert DEFAULT == "tagger"
    assert (Path(require_model()) / "manifest.json").is_file()


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source" / "onnx").mkdir(parents=True)
    (tmp_path / "source" / "onnx" / "model_q4.onnx").write_bytes(b"other weights")
    with pytest.raises(ModelCorrupt, match=r"model_q4\.onnx"):
        prepare(tmp_path / "cache", tmp_path / "source")


def test_the_directory_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPANLEDGER_MODEL_DIR", str(tmp_path))
    assert default_directory() == tmp_path
