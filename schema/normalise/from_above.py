"""Values that go down a tree from parent to child, in linear time, whatever shape a sender gave to it."""

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
    found: dict[Node, Value],
) -> None:
    """Add to `found` the value of each node and of those above it: `value(node, that of the node above)`.

    The value above is None for a root. So it is for every node of a circle: nothing says which of them is above.
    """
    for node in nodes:
        path: list[Node] = []
        seen: set[Node] = set()
        place: Node | None = node
        while place is not None and place not in found and place not in seen:
            path.append(place)
            seen.add(place)
            place = above(place)
        if place is not None and place in seen:
            while place not in found:
                step = path.pop()
                found[step] = value(step, None)
        for step in reversed(path):
            up = above(step)
            found[step] = value(step, None if up is None else found[up])
