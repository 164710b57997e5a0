"""Compiled patterns are read from the cache; without a file that can be trusted, they are compiled."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import hyperscan
import pytest

from redaction.recognizers.prefilter import Prefilter

if TYPE_CHECKING:
    from pathlib import Path

PATTERNS = [re.compile(r"card \d{4}"), re.compile(r"kiss", re.IGNORECASE)]
TEXT = "A KISS and card 4539"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "spanledger"


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of expressions of each compilation; reading a file is none."""
    made: list[int] = []

    class Counted(hyperscan.Database):
        def compile(self, **arguments: Any) -> None:  # type: ignore[override]
            made.append(arguments["elements"])
            super().compile(**arguments)

    monkeypatch.setattr(hyperscan, "Database", Counted)
    return made


def test_patterns_are_compiled_once_and_find_the_same(folder: Path, compilations: list[int]) -> None:
    assert [Prefilter(PATTERNS).find(TEXT) for _ in range(3)] == [[0, 1]] * 3
    assert compilations == [2]
    assert Prefilter(PATTERNS[:1]).find(TEXT) == [0]
    assert Prefilter([PATTERNS[0], re.compile("kiss")]).find(TEXT) == [0]
    assert compilations == [2, 1, 2], "other patterns or flags are another file"
    assert len(list(folder.iterdir())) == 3
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 5_000, None])
def test_a_damaged_file_is_written_again(folder: Path, compilations: list[int], damage: bytes | None) -> None:
    Prefilter(PATTERNS)
    (file,) = folder.iterdir()
    intact = file.read_bytes()
    file.write_bytes(intact[:-7] + b"\1" + intact[-6:] if damage is None else damage)
    assert Prefilter(PATTERNS).find(TEXT) == [0, 1]
    assert compilations == [2, 2]
    assert file.read_bytes() == intact


def test_a_file_of_another_engine_is_written_again(folder: Path, compilations: list[int]) -> None:
    Prefilter(PATTERNS)
    (file,) = folder.iterdir()
    foreign = bytearray(file.read_bytes()[32:])
    foreign[5] ^= 0xFF  # the engine's version
    file.write_bytes(hashlib.sha256(foreign).digest() + foreign)
    assert Prefilter(PATTERNS).find(TEXT) == [0, 1]
    assert compilations == [2, 2]


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_may_write_to_is_not_used(folder: Path, compilations: list[int], mode: int) -> None:
    Prefilter(PATTERNS)
    folder.chmod(mode)
    assert Prefilter(PATTERNS).find(TEXT) == [0, 1]
    assert compilations == [2, 2]


def test_without_a_folder_patterns_are_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compilations: list[int]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert Prefilter(PATTERNS).find(TEXT) == [0, 1]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spanledger").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Prefilter(PATTERNS).find(TEXT) == [0, 1]
    assert compilations == [2, 2]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_oldest_files_go(folder: Path, compilations: list[int]) -> None:
    for number in range(12):
        Prefilter([re.compile(f"word {number}")])
    assert len(list(folder.iterdir())) == 8
    Prefilter([re.compile("word 11")])
    assert len(compilations) == 12
    Prefilter([re.compile("word 0")])
    assert len(compilations) == 13
