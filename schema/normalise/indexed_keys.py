"""Indexed attribute keys (`llm.input_messages.0.message.role`) as the lists and objects that they flatten."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.otlp.attributes import Plain

_DEPTH = 16  # steps of a key that are followed; the rest of a longer key stays one name

_Shape: TypeAlias = "str | list[_Shape] | _Branch"
"""What keys flatten, with a value's key where the value is."""


class _Branch(dict[str, "_Shape"]):
    """An object that keys flatten."""


def tree(prefix: str, keys: tuple[str, ...], values: Mapping[str, Plain]) -> Plain:
    """Return the value that these keys flatten; objects whose keys are all numbers are lists, in order.

    Every key starts with the prefix, and has a value.
    """
    return _filled(_shape(len(prefix), keys), values)


def _filled(shape: _Shape, values: Mapping[str, Plain]) -> Plain:
    if type(shape) is str:
        return values[shape]
    if type(shape) is list:
        return [_filled(item, values) for item in shape]
    return {  # without a call for leaves, which are most of a tree
        key: values[item] if type(item) is str else _filled(item, values)
        for key, item in shape.items()  # type: ignore[union-attr]
    }


@lru_cache(maxsize=512)
def _shape(start: int, keys: tuple[str, ...]) -> _Shape:
    root = _Branch()
    for key in keys:
        *path, last = key[start:].split(".", _DEPTH)
        place = root
        for step in path:
            deeper = place.get(step)
            if not isinstance(deeper, _Branch):
                # "a" and "a.b" may both have a value: that of "a" goes under the empty name
                deeper = place[step] = _Branch() if step not in place else _Branch({"": place[step]})
            place = deeper
        occupied = place.get(last)
        if isinstance(occupied, _Branch):
            occupied[""] = key
        else:
            place[last] = key
    return _lists(root)


def _lists(branch: _Branch) -> _Shape:
    """Return a branch, which has at least one key, with lists where its keys are numbers."""
    for key, item in branch.items():
        if type(item) is _Branch:
            branch[key] = _lists(item)
    if next(iter(branch)).isdecimal() and all(key.isdecimal() and key.isascii() for key in branch):
        return [branch[key] for key in sorted(branch, key=_number)]
    return branch


def _number(key: str) -> tuple[int, str]:
    """Return a sort key for digits of any length: the order of their numbers."""
    digits = key.lstrip("0")
    return len(digits), digits
