"""Which names of a text are searched for again, and where."""

from __future__ import annotations

import json

import pytest

from redaction.leaves.json_text import Leaf, leaves
from redaction.repetition import distinctive_names, namesakes, repeated, short_names
from redaction.text import Hit


def hit(leaf: Leaf, value: str, score: float = 0.9, entity: str = "PERSON") -> tuple[Leaf, Hit]:
    start = leaf.text.index(value)
    return leaf, Hit(start, start + len(value), entity, "test", score)


def found_again(members: list[Leaf], first: tuple[Leaf, Hit]) -> list[tuple[str, str]]:
    again = repeated(members, [first])
    return [(leaf.text[one.start : one.end], one.entity) for leaf, one in again]


def test_handles_and_words_of_names_are_distinctive_longest_first() -> None:
    names = [("PERSON", "Ann Quellington"), ("PERSON", "ADMIN"), ("USERNAME", "mia_li_3668"), ("USERNAME", "mia")]
    assert distinctive_names(names) == ["Ann Quellington", "Quellington", "mia_li_3668"]


@pytest.mark.parametrize("name", ["Claude", "lower", "ALLCAPS", "Bo"])
def test_what_may_be_an_ordinary_word_is_not_distinctive(name: str) -> None:
    assert distinctive_names([("PERSON", name)]) == []


def test_short_names_count_unless_the_text_has_them_as_words() -> None:
    sure = [("PERSON", "Bo"), ("PERSON", "Art"), ("PERSON", "Quellington"), ("USERNAME", "Al")]
    assert short_names(sure, "Bo likes art, says Art", "Bo\nArt") == {"Bo"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"Alice": 1, "Marta": 2, "Bjarne": 3, "Wim": 4}, {"Alice", "Marta", "Bjarne", "Wim"}),
        ({"Alice": 1, "Marta": 2, "Bjarne": 3, "Wim": 4, "Kees": 5}, set()),  # fewer than half are known as names
        ({"Alice": 1, "Marta": 2, "total": 3}, set()),
    ],
)
def test_keys_of_an_object_are_names_if_half_of_them_are(names: dict[str, int], expected: set[str]) -> None:
    members = leaves(json.dumps(names))
    known = [hit(leaf, leaf.text) for leaf in members if leaf.text in {"Alice", "Marta"}]
    chosen = namesakes(members, known)
    assert {leaf.text for leaf in members if id(leaf) in chosen} == expected


def test_a_sure_name_is_found_at_its_other_places() -> None:
    members = leaves('["Ann Quellington came", "ask Quellington", "Quellingtons", "for Ann"]')
    assert found_again(members, hit(members[0], "Ann Quellington")) == [("Quellington", "PERSON")]


def test_an_unsure_name_is_not() -> None:
    members = leaves('["Ann Quellington came", "ask Quellington"]')
    assert found_again(members, hit(members[0], "Ann Quellington", score=0.79)) == []


def test_a_place_that_a_hit_covers_is_left_alone() -> None:
    members = leaves('["Quellington", "mail quellington@example.com to Quellington"]')
    covered = hit(members[1], "mail quellington@example.com to Quellington", 1.0, "EMAIL_ADDRESS")
    assert repeated(members, [hit(members[0], "Quellington"), covered]) == []


def test_a_short_name_is_found_only_as_a_whole_leaf() -> None:
    members = leaves('["Bo", "Bo", "ask Bo"]')
    assert found_again(members, hit(members[0], "Bo")) == [("Bo", "PERSON")]
