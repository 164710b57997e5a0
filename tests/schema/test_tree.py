from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schema.queries.tree import build_tree


def test_children_follow_their_parent_in_order_of_start() -> None:
    tree = build_tree(["root", "late", "early", "deep"], ["", "root", "root", "late"], [0, 20, 10, 30])
    assert [("root", "late", "early", "deep").index(name) for name in ("root", "early", "late", "deep")] == tree.order
    assert tree.parent == [-1, 0, 0, 2]
    assert tree.depth == [0, 1, 1, 2]
    assert tree.end == [4, 2, 4, 4]
    assert not any(tree.orphan)


def test_a_span_whose_parent_never_came_is_a_root_of_its_own() -> None:
    tree = build_tree(["a", "b"], ["", "gone"], [0, 1])
    assert tree.depth == [0, 0]
    assert tree.orphan == [False, True]


def test_a_circle_of_parents_is_shown_and_ends() -> None:
    tree = build_tree(["a", "b", "self"], ["b", "a", "self"], [0, 1, 2])
    assert sorted(tree.order) == [0, 1, 2]
    assert tree.orphan.count(True) == 2


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=12))
def test_every_span_is_in_the_tree_once_and_subtrees_are_contiguous(spans: list[tuple[int, int]]) -> None:
    ids = [f"s{index}" for index in range(len(spans))]
    tree = build_tree(ids, [f"s{parent}" if parent < 12 else "" for parent, _ in spans], [start for _, start in spans])
    assert sorted(tree.order) == list(range(len(spans)))
    for row in range(len(spans)):
        inside = range(row + 1, tree.end[row])
        assert all(tree.depth[other] > tree.depth[row] for other in inside)
        assert tree.end[row] == len(spans) or tree.depth[tree.end[row]] <= tree.depth[row]
        assert tree.parent[row] == -1 or tree.depth[row] == tree.depth[tree.parent[row]] + 1
