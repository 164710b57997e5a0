"""Values that are inherited from parent to child in a tree, in linear time for any tree that a sender made."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

Node = TypeVar("Node", bound="Hashable")
Value = TypeVar("Value")


def from_above(
    nodes: Iterable[Node],
    above: Callable[[Node], Node | None],
    value: Callable[[Node, Value | None], Value],
    values: dict[Node, Value],
) -> None:
    """Add to `values` the value of each node and of those above it: `value(node, the value of the node above)`.

    The value above is None for a root. It is None for every node of a circle too, for none of them is the first.
    """
    for node in nodes:
        path: list[Node] = []
        seen: set[Node] = set()
        place: Node | None = node
        while place is not None and place not in values and place not in seen:
            path.append(place)
            seen.add(place)
            place = above(place)
        if place is not None and place in seen:
            while place not in values:
                step = path.pop()
                values[step] = value(step, None)
        for step in reversed(path):
            up = above(step)
            values[step] = value(step, None if up is None else values[up])
