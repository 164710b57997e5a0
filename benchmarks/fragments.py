"""Fragments of patterns, from which hostile texts are built: texts that a pattern starts to match again and again."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ANCHORED = frozenset({"match", "fullmatch"})
_SEARCHING = frozenset({"search", "finditer", "findall", "sub", "subn", "split"})
_ANY = "a"
_MAX_CHARACTERS = 200
_MAX_REPEATS = 40
_TEXT_AND_START = 2  # arguments; a third one is the end of the window
_OURS = frozenset({"redaction", "schema", "collector"})
_CANDIDATES = "aA7-_. \t\n\"'\\/:@=,;#%<>{}[]()|+*é字\u0301~!?&$x0e"


def modules(package: ModuleType, without: tuple[str, ...] = ()) -> Iterator[ModuleType]:
    """Import and yield the modules of a package, except those with a name that starts with one of `without`."""
    yield package
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not info.name.startswith(without) and not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def patterns(reachable_from: Iterable[ModuleType], *more: object) -> dict[str, re.Pattern[str]]:
    """Return every compiled pattern that is reachable from modules and other objects, by its first path."""
    by_path: dict[str, re.Pattern[str]] = {}
    seen: set[int] = set()
    known: set[re.Pattern[str]] = set()
    waiting: list[tuple[str, object]] = [*((module.__name__, module) for module in reachable_from)]
    waiting += [(type(one).__name__, one) for one in more]
    while waiting:
        name, value = waiting.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, re.Pattern):
            if isinstance(value.pattern, str) and value not in known:
                known.add(value)
                by_path[name] = value
        else:
            waiting += [(f"{name}.{key}", inner) for key, inner in _inside(value)]
    return by_path


def _inside(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{key}", inner
            yield f"{key}", key
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from ((str(index), inner) for index, inner in enumerate(value))
    elif isinstance(value, ModuleType):
        package = value.__name__.split(".")[0]
        yield from vars(value).items() if package in _OURS else ()
    elif str(type(value).__module__).split(".")[0] in {*_OURS, "functools"}:
        for key in (*getattr(value, "__dict__", ()), *getattr(value, "__slots__", ())):
            yield key, getattr(value, key, None)
        yield from ((name, getattr(value, name, None)) for name in ("func", "args", "keywords"))


def uses(of_modules: Iterable[ModuleType]) -> dict[re.Pattern[str], set[str]]:
    """Return how modules use their patterns: "anchored" at a position, "search" in a text, or in a "window"."""
    known: dict[re.Pattern[str], set[str]] = {}
    for module in of_modules:
        tree = ast.parse(inspect.getsource(module))
        windows = {
            id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) > _TEXT_AND_START
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in _SEARCHING | _ANCHORED:
                pattern = getattr(module, getattr(node.value, "id", ""), None)
                if isinstance(pattern, re.Pattern):
                    searching = "window" if id(node) in windows else "search"
                    known.setdefault(pattern, set()).add(searching if node.attr in _SEARCHING else "anchored")
    return known


def fragments(pattern: re.Pattern[str]) -> list[str]:
    """Return samples of texts that a pattern matches: of each of its parts, and of each of its beginnings."""
    samples: dict[str, None] = {}
    _collect(_parser.parse(pattern.pattern, pattern.flags), samples, {})
    return [one for one in samples if 0 < len(one) <= _MAX_CHARACTERS]


def _collect(items: Any, samples: dict[str, None], groups: dict[int, str]) -> str:  # noqa: ANN401 - the parser is not typed
    """Add the samples of a sequence, and return a sample of all of it."""
    text = ""
    for kind, value in items:
        sample = _sample(kind, value, samples, groups)
        samples.setdefault(sample)
        text += sample
        samples.setdefault(text)
    return text


def _sample(kind: Any, value: Any, samples: dict[str, None], groups: dict[int, str]) -> str:  # noqa: ANN401 - as above
    match kind:
        case sre.LITERAL | sre.NOT_LITERAL | sre.ANY | sre.IN:
            characters = _characters(kind, value)
            samples.update(dict.fromkeys(characters))
            sample = characters[0]
        case sre.BRANCH:
            sample = [_collect(branch, samples, groups) for branch in value[1]][0]  # noqa: RUF015 - all are collected
        case sre.SUBPATTERN:
            sample = groups[value[0]] = _collect(value[3], samples, groups)
        case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
            sample = _collect(value[2], samples, groups) * min(max(value[0], 1), _MAX_REPEATS)
        case sre.GROUPREF:
            sample = groups.get(value, "")
        case sre.ATOMIC_GROUP | sre.GROUPREF_EXISTS:
            sample = _collect(value if kind is sre.ATOMIC_GROUP else value[1], samples, groups)
        case sre.ASSERT | sre.ASSERT_NOT:
            _collect(value[1], samples, groups)
            sample = ""
        case _:
            sample = ""
    return sample


def _characters(kind: Any, value: Any) -> list[str]:  # noqa: ANN401 - the parser is not typed
    if kind is sre.LITERAL:
        return [chr(value)]
    if kind is sre.NOT_LITERAL:
        return [one for one in _CANDIDATES if ord(one) != value]
    if kind is sre.ANY:
        return [_ANY]
    return [one for one in _CANDIDATES if _is_in(value, one)] or [_member(value)]


def _is_in(items: Any, character: str) -> bool:  # noqa: ANN401 - the parser is not typed
    pattern = items[0][0] is sre.NEGATE
    inside = any(_is(kind, value, character) for kind, value in items[pattern:])
    return inside is not pattern


def _is(kind: Any, value: Any, character: str) -> bool:  # noqa: ANN401 - the parser is not typed
    if kind is sre.LITERAL:
        return ord(character) == value
    if kind is sre.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    return bool(re.match(_CLASS[value], character)) if kind is sre.CATEGORY else False


_CLASS = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


def _member(items: Any) -> str:  # noqa: ANN401 - the parser is not typed
    for kind, value in items:
        if kind is sre.LITERAL:
            return chr(value)
        if kind is sre.RANGE:
            return chr(value[0])
    return _ANY
