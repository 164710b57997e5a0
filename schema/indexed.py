"""Indexed attribute keys (`llm.input_messages.0.message.role`) as the lists and objects that they flatten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.attributes import Plain

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEPTH = 16  # steps of a key that are followed; what is deeper keeps the rest of its key as one name


def tree(items: Iterable[tuple[str, Plain]]) -> Plain:
    """Return the value that `(key, value)` pairs flatten; objects whose keys are all numbers are lists in their order."""
    root: dict[str, Plain] = {}
    for key, value in items:
        *path, last = key.split(".", _DEPTH)
        place = root
        for step in path:
            deeper = place.setdefault(step, {})
            if not isinstance(deeper, dict):  # "a" and "a.b" both have a value
                deeper = place[step] = {"": deeper}
            place = deeper
        if isinstance(place.get(last), dict):
            place[last][""] = value  # type: ignore[index,call-overload]
        else:
            place[last] = value
    return _lists(root)


def _lists(value: Plain) -> Plain:
    if not isinstance(value, dict):
        return value
    if all(key.isdecimal() and key.isascii() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=lambda key: (len(key.lstrip("0")), key.lstrip("0")))]
    return {key: _lists(item) for key, item in value.items()}
