"""Names, comments and docstrings use the words of the field (docs/glossary.md), and none of a private language."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
MODULES = [file for room in ("collector", "dashboard", "redaction", "schema") for file in (ROOT / room).rglob("*.py")]
IDIOM = re.compile(r"\b(told|lest|heed|nobody|the house(?! number)|knocks?)\b", re.IGNORECASE)
NAMES = re.compile(r"(?:^|_)(told|said|whose|nobody|beside|door|house)(?:_|$)", re.IGNORECASE)
"""Parts of names that a term of the field replaces: reported, recorded, owner, unknown, receiver, server."""
KEPT = {"house_number", "house_pattern", "_HOUSE"}
"""Names about houses in which people live."""


def prose(source: str) -> Iterator[str]:
    """Yield the comments and docstrings of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value  # of a module, class, function or attribute


def names(source: str) -> set[str]:
    """Return every name that a module defines or uses."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_in_plain_words(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert [text for text in prose(source) if IDIOM.search(text)] == []
    if "training" not in file.parts:
        assert [name for name in names(source) if NAMES.search(name) and name not in KEPT] == []


def test_the_words_are_found() -> None:
    source = '"""What it told."""\nx_said = 1  # nobody knows\n'
    assert [bool(IDIOM.search(text)) for text in prose(source)] == [True, True]
    assert [name for name in names(source) if NAMES.search(name)] == ["x_said"]
