"""Indexed attribute keys (`llm.input_messages.0.message.role`) as the lists and objects that they flatten."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.attributes import Plain

_DEPTH = 16  # steps of a key that are followed; what is deeper keeps the rest of its key as one name


class _Branch(dict[str, "Plain"]):
    """An object that keys made, not one that was a value."""


def tree(items: Iterable[tuple[str, Plain]]) -> Plain:
    """Return the value that `(key, value)` pairs flatten; objects whose keys are all numbers are lists, in order."""
    root = _Branch()
    for key, value in items:
        *path, last = key.split(".", _DEPTH)
        place = root
        for step in path:
            deeper = place.get(step)
            if not isinstance(deeper, _Branch):
                # "a" and "a.b" may both have a value: that of "a" goes under the empty name
                deeper = place[step] = _Branch() if step not in place else _Branch({"": deeper})
            place = deeper
        occupied = place.get(last)
        if isinstance(occupied, _Branch):
            occupied[""] = value
        else:
            place[last] = value
    return _lists(root) if root else []


def _lists(branch: _Branch) -> Plain:
    """Return a branch, which has at least one key, with lists where its keys are numbers."""
    for key, item in branch.items():
        if type(item) is _Branch:
            branch[key] = _lists(item)
    if next(iter(branch)).isdecimal() and all(key.isdecimal() and key.isascii() for key in branch):
        return [branch[key] for key in sorted(branch, key=_number)]
    return branch


def _number(key: str) -> tuple[int, str]:
    """Order like the number that the digits say, however many there are."""
    digits = key.lstrip("0")
    return len(digits), digits
