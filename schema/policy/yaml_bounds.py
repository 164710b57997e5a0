"""What a YAML text may cost to read: how deep it goes, how much its aliases make of it, how long a value is.

Looked at event by event, before anything is built of the text: nesting costs stack, aliases within aliases multiply
(billion laughs), and tags and the conversions of numbers run code of the YAML library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH: Final = 32
"""Lists and mappings inside one another; the policy's own sections need 8."""

MAX_VALUES: Final = 100_000
"""Keys, values, lists and mappings, each counted as often as aliases repeat it."""

MAX_CHARACTERS: Final = 4096
"""Characters of one value."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_TEXT_TAG: Final = "tag:yaml.org,2002:str"


class _Open:
    """A list or mapping that has begun and has not ended."""

    def __init__(self, event: yaml.CollectionStartEvent) -> None:
        self.anchor = event.anchor
        self.is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.children = 0
        self.values = 1

    @property
    def wants_key(self) -> bool:
        return self.is_mapping and self.children % 2 == 0


def refuse_expensive(events: Iterator[yaml.Event]) -> None:
    """Raise yaml.MarkedYAMLError, which has the place, where a text would cost too much or needs a tag."""
    within: list[_Open] = []
    values_of: dict[str, int] = {}
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            ended = within.pop()
            if ended.anchor is not None:
                values_of[ended.anchor] = ended.values
            _count(within, ended.values, event)
        elif isinstance(event, yaml.NodeEvent):
            _refuse(_problem(event, within), event)
            if isinstance(event, yaml.CollectionStartEvent):
                within.append(_Open(event))
                continue
            if isinstance(event, yaml.ScalarEvent) and event.anchor is not None:
                values_of[event.anchor] = 1
            _count(within, values_of.get(str(event.anchor), 1) if isinstance(event, yaml.AliasEvent) else 1, event)


def _problem(event: yaml.NodeEvent, within: list[_Open]) -> str:
    """Return what is wrong with a value by itself, "" if nothing is."""
    if isinstance(event, yaml.ScalarEvent):
        return _problem_of_scalar(event)
    if within and within[-1].wants_key:
        return "an alias, a list or a mapping stands where a key is needed"
    if isinstance(event, yaml.CollectionStartEvent):
        return "lists and mappings lie too deep" if len(within) >= MAX_DEPTH else _problem_of_tag(event)
    inside = any(part.anchor == event.anchor for part in within)
    return "an alias stands inside of what it repeats" if inside else ""


def _problem_of_scalar(event: yaml.ScalarEvent) -> str:
    if len(event.value) > MAX_CHARACTERS:
        return f"a value has more than {MAX_CHARACTERS:,} characters"
    return "a value holds a control character" if _CONTROL.search(event.value) else _problem_of_tag(event)


def _problem_of_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> str:
    return "" if event.tag in {None, _TEXT_TAG} else "a tag (!…) stands there: a policy needs none"


def _count(within: list[_Open], values: int, event: yaml.Event) -> None:
    if within:
        within[-1].children += 1
        within[-1].values += values
        _refuse("there are too many values, counting what aliases repeat" * (within[-1].values > MAX_VALUES), event)


def _refuse(problem: str, event: yaml.Event) -> None:
    if problem:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]  # libyaml's
