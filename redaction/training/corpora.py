"""Existing texts without personal data: documentation and code of Python, PyTorch and Django, Django's translations.

Nothing personal may be learned from them as ordinary: lines that hold a word known as a name are left out.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from pydoc_data import topics
from typing import TYPE_CHECKING

from redaction.tagger.words import WORD, folded
from redaction.training import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_NOT_PROSE = re.compile(r"[{}\[\]<>|=\\*]|>>>|\.\.\.|__|[A-Z][a-z]+ (?:van )?[A-Z][a-z]+|@|\b(?:Monty|Python's|Spam)\b")
_PERSONAL = re.compile(r"\w@\w|[Cc]opyright|[Aa]uthor|\(c\)|TODO\(|[A-Z][a-z]+ [A-Z][a-z]+")
_LONGEST_SENTENCE, _MOST_LINES = 260, 90
_MODULES = vocabulary.words("modules")
_CODE = {
    "torch": ("nn/modules/*.py", "optim/*.py", "utils/data/**/*.py", "include/c10/util/*.h", "include/c10/core/*.h"),
    "django": (
        "db/models/*.py",
        "http/*.py",
        "contrib/admin/static/admin/js/*.js",
        "contrib/admin/static/admin/css/*.css",
        "contrib/admin/templates/**/*.html",
        "contrib/gis/**/*.py",
    ),
}
"""Files of packages that the training needs anyway (BSD licences), equal in all their builds."""
_NAMES = 4 | 8  # given and family names, as in redaction.tagger.lexicon.FLAGS
_MESSAGE = re.compile(r'^msgstr(?:\[\d\])? ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")
_SHORTEST_MESSAGE = 4


class Filter:
    """The words that the lists have as names."""

    def __init__(self, codes: Mapping[str, int]) -> None:
        self._codes = codes

    def passes(self, text: str) -> bool:
        """Whether no capitalised word of a text can be a name."""
        return not any(
            word[0].isupper() and len(word) > 1 and self._codes.get(folded(word), 0) & _NAMES
            for word in WORD.findall(text)
        )


def _docstrings(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""


def _library() -> list[Path]:
    found = (Path(sysconfig.get_path("stdlib"), f"{name}.py") for name in _MODULES)
    return [path for path in found if path.is_file()]


def _others() -> list[Path]:
    return [
        path
        for package, patterns in _CODE.items()
        for pattern in patterns
        for path in sorted(Path(str(files(package))).glob(pattern))
    ]


def sentences(names: Filter) -> list[str]:
    """Sentences of documentation without names of people."""
    kept: dict[str, None] = {}
    texts = [topics.topics[name] for name in sorted(topics.topics)]
    python = [path for path in _others() if path.suffix == ".py"]
    for text in (*texts, *_docstrings([*_library(), *python])):
        for paragraph in re.split(r"\n\s*\n", text):
            for sentence in _SENTENCE.split(" ".join(paragraph.split())):
                fits = 12 < len(sentence) < _LONGEST_SENTENCE
                if fits and not _NOT_PROSE.search(sentence) and names.passes(sentence):
                    kept[sentence] = None
    return list(kept)


def code_lines(names: Filter) -> list[list[str]]:
    """Lines of programs, by the kind of file: Python, C++, JavaScript, HTML, CSS."""
    kept: dict[str, dict[str, None]] = {}
    for path in (*_library(), *_others()):
        lines = kept.setdefault(path.suffix, {})
        for line in path.read_text(encoding="utf-8").splitlines():
            fits = 8 < len(line.strip()) < _MOST_LINES
            if fits and not _PERSONAL.search(line) and names.passes(line):
                lines[line] = None
    return [list(lines) for _, lines in sorted(kept.items())]


@cache
def _messages() -> tuple[tuple[str, str], ...]:
    """Return all messages, each with the code of its language."""
    return tuple(_read_messages())


def _read_messages() -> Iterator[tuple[str, str]]:
    for path in sorted(Path(str(files("django"))).glob("**/LC_MESSAGES/django.po")):
        for match in _MESSAGE.finditer(path.read_text(encoding="utf-8")):
            parts = re.findall(r'"((?:[^"\\]|\\.)*)"', match[1])
            text = re.sub(r"\\(.)", lambda escape: {"n": " "}.get(escape[1], escape[1]), "".join(parts)).strip()
            if "Project-Id" not in text:
                yield path.parts[-3].split("_")[0], " ".join(_PLACEHOLDER.sub("12", text).split())


def translations(names: Filter) -> dict[str, list[str]]:
    """Messages of a program in some 90 languages, by the code of the language."""
    found: dict[str, dict[str, None]] = {}
    for language, text in _messages():
        fits = _SHORTEST_MESSAGE <= len(text) < _LONGEST_SENTENCE and "<" not in text and "@" not in text
        if fits and (not text.isascii() or names.passes(text)):
            found.setdefault(language, {})[text] = None
    return {language: list(messages) for language, messages in sorted(found.items()) if messages}


def words_of_languages() -> Counter[str]:
    """Count in how many of those messages, of any one language, a word stands in lower case, folded."""
    counts: dict[str, Counter[str]] = {}
    for language, text in _messages():
        words = {folded(word) for word in WORD.findall(text) if word.islower() and len(word) > 1}
        counts.setdefault(language, Counter()).update(words)
    most: Counter[str] = Counter()
    for of_language in counts.values():
        most |= of_language
    return most
