"""YAML with the line of every part of it, so that an error can say where to look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from schema.policy.yaml_bounds import refuse_expensive

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOADER: Final[type[yaml.SafeLoader | yaml.CSafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml reads ten times as fast; a PyYAML that was built without it reads by itself."""

_NAME: Final = re.compile(r"(?!spl_)[A-Za-z][\w .-]{0,39}", re.ASCII)


class Document(NamedTuple):
    """What a YAML text says, and the tree of nodes that it was made of."""

    content: Any
    root: yaml.Node | None

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line (from 1) of the part at a path of keys and indexes, or of the nearest part around it."""
        node, line = self.root, 1
        for step in path:
            found = _step(node, step)
            if found is None:
                break
            line, node = found
        return line


def read_yaml(text: str) -> Document:
    """Read a YAML document. Raises yaml.YAMLError; a key that stands twice in one mapping is an error too.

    What it may cost is bounded (schema/policy/yaml_bounds.py), whatever the text holds.
    """
    refuse_expensive(yaml.parse(text, Loader=_LOADER))
    loader = _LOADER(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Document(None, None)
        _refuse_repeated(root, set())
        try:
            return Document(loader.construct_document(root), root)
        except ValueError:  # a date such as 2026-13-01
            mark = _mark_of_impossible(root, set())
            raise yaml.MarkedYAMLError(problem="a value that its type does not have", problem_mark=mark) from None
    finally:
        loader.dispose()


def shown(name: object) -> str:
    """Return a key of a mapping for people; what does not look like a name may be a secret in the wrong place."""
    return str(name) if isinstance(name, int) or _NAME.fullmatch(str(name)) else "…"


def _mark_of_impossible(node: yaml.Node, seen: set[int]) -> yaml.Mark | None:
    """Return where the first scalar begins that looks like a value of its type and is none."""
    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.constructor.SafeConstructor().construct_object(node)
        except ValueError:
            return node.start_mark
        except yaml.YAMLError:
            return None
    if isinstance(node, yaml.CollectionNode) and id(node) not in seen:
        seen.add(id(node))
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                if mark := _mark_of_impossible(part, seen):
                    return mark
    return None


def _step(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def _refuse_repeated(node: yaml.Node, seen: set[int]) -> None:
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated(item, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys and key.value != "<<":
                raise yaml.MarkedYAMLError(problem=f"{shown(key.value)} stands twice", problem_mark=key.start_mark)
            keys.add(str(key.value))
            _refuse_repeated(value, seen)
