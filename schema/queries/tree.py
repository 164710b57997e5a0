"""The tree of a run: which span is whose child, what is a root, what lost its parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


@dataclass(frozen=True, slots=True)
class Tree:
    """Spans in pre-order, siblings by start time. Every list has one entry a span, in that order."""

    order: list[int]  # index into what was given
    parent: list[int]  # row of the parent in this tree, -1 for a root
    depth: list[int]  # 0 for a root
    end: list[int]  # row after the last descendant
    orphan: list[bool]  # names a parent that is not there: shown as a root of its own


def build_tree(span_ids: Sequence[Hashable], parent_ids: Sequence[Hashable | None], starts: Sequence[int]) -> Tree:
    """Build the tree from one entry a span: its id, its parent's id (none if empty) and its start (any unit).

    A span that is its own ancestor (broken instrumentation) counts as an orphan, so that every span is in the tree.
    """
    children, roots, orphans = _families(span_ids, parent_ids)
    tree = Tree([], [], [], [], [])
    seen: set[int] = set()

    def walk(root: int) -> None:
        stack = [(root, -1, 0)]
        while stack:
            index, parent, depth = stack.pop()
            if index < 0:  # all descendants of the row `parent` are placed
                tree.end[parent] = len(tree.order)
                continue
            if index in seen:
                continue
            seen.add(index)
            row = len(tree.order)
            tree.order.append(index)
            tree.parent.append(parent)
            tree.depth.append(depth)
            tree.end.append(row + 1)
            tree.orphan.append(index in orphans)
            stack.append((-1, row, 0))
            stack.extend(
                (child, row, depth + 1)
                for child in sorted(children.get(index, ()), key=starts.__getitem__, reverse=True)
            )

    for root in sorted(roots, key=starts.__getitem__):
        walk(root)
    for index in sorted(range(len(span_ids)), key=starts.__getitem__):
        if index not in seen:
            orphans.add(index)
            walk(index)
    return tree


def _families(
    span_ids: Sequence[Hashable], parent_ids: Sequence[Hashable | None]
) -> tuple[dict[int, list[int]], list[int], set[int]]:
    """Return the children of each span, the roots, and those roots whose parent is not there."""
    where = {span_id: index for index, span_id in enumerate(span_ids)}
    children: dict[int, list[int]] = {}
    roots, orphans = [], set()
    for index, parent_id in enumerate(parent_ids):
        if not parent_id:
            roots.append(index)
        elif parent_id in where and where[parent_id] != index:
            children.setdefault(where[parent_id], []).append(index)
        else:
            roots.append(index)
            orphans.add(index)
    return children, roots, orphans
