"""What is left of a value without all that is stored elsewhere: no text is stored twice, and none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from schema.otlp.attributes import Plain, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_DEPTH: Final = 200  # levels of JSON inside strings inside JSON; deeper values stay as they are

Known: TypeAlias = "Collection[str | tuple[str, Plain]]"
"""What is stored: texts, and numbers, true and false with the key that they are under."""


def texts_in(value: Iterable[Plain]) -> Iterator[str | tuple[str, Plain]]:
    """Yield everything that these values hold, as `leftover` looks for it."""
    inside = list(value)
    for item in inside:  # which grows while it is read
        if type(item) is str:
            yield item
        elif isinstance(item, dict):
            for key, field in item.items():
                if isinstance(field, (int, float)):
                    yield key, field
                    if not isinstance(field, bool):
                        yield str(field)
                else:
                    inside.append(field)
        elif isinstance(item, list):
            inside += item
        elif item is not None:
            yield str(item)


def leftover(value: Plain, known: Known, depth: int = 0) -> Plain:
    """Return the parts of a value that are not among what is already stored; None if there are none."""
    if isinstance(value, str):
        return None if not value or value in known else _leftover_text(value, known, depth)
    if depth > _DEPTH:
        return value
    if isinstance(value, dict):
        kept: dict[str, Plain] = {}
        for key, item in value.items():
            rest: Plain
            if type(item) is str:  # no call for what is most frequent
                rest = None if not item or item in known else _leftover_text(item, known, depth + 1)
            elif isinstance(item, (dict, list)):
                rest = leftover(item, known, depth + 1)
            else:
                rest = None if (key, item) in known else item
            if rest is not None:
                kept[key] = rest
        return kept or None
    if isinstance(value, list):
        left = [leftover(item, known, depth + 1) for item in value]
        return [rest for rest in left if rest is not None] or None
    return value


def _leftover_text(value: str, known: Known, depth: int) -> Plain:
    inner = parse(value)
    if isinstance(inner, (dict, list)):
        rest = leftover(inner, known, depth + 1)
        return value if rest == inner else rest
    return None if isinstance(inner, str) and inner in known else value
