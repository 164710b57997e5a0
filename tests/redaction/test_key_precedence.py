"""Of several rules that match a key, the first of PRECEDENCE wins."""

from __future__ import annotations

import pytest

from redaction.recognizers.key_rules import PRECEDENCE, RULES, USER, KeyNames, find_rule


def entity(**names: str) -> str:
    rule = find_rule(KeyNames(**{"spelled": names["last"], **names}))
    return rule.entity if rule else ""


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # its own name, before its parent's
        ({"last": "phone"}, "PHONE_NUMBER"),
        ({"last": "phone", "parent": "card"}, "PHONE_NUMBER"),
        ({"last": "card_number", "parent": "phone"}, "CREDIT_CARD"),
        # its name with the digits that snake_case drops
        ({"last": "line", "spelled": "line_1"}, "ADDRESS"),
        ({"last": "line"}, ""),
        # "number" and "value" hold what their parent names, if a number may be that
        ({"last": "number", "parent": "phone"}, "PHONE_NUMBER"),
        ({"last": "value", "parent": "ssn"}, "US_SSN"),
        ({"last": "number", "parent": "card"}, "CREDIT_CARD"),
        ({"last": "value", "parent": "email"}, ""),
        ({"last": "number"}, ""),
        ({"last": "label", "parent": "phone"}, ""),
        # "name" names a person only by its parent or its siblings
        ({"last": "name"}, ""),
        ({"last": "name", "parent": "customer"}, "PERSON"),
        ({"last": "names", "parent": "guests"}, "PERSON"),
        ({"last": "name", "siblings": "person"}, "PERSON"),
        ({"last": "name", "siblings": "product"}, ""),
        ({"last": "title", "siblings": "person"}, ""),
        # handles
        ({"last": "login"}, "USERNAME"),
        ({"last": "user"}, "USERNAME"),
        ({"last": "user", "siblings": "speaker"}, ""),
        ({"last": "user_name", "siblings": "speaker"}, "USERNAME"),
        ({"last": ""}, ""),
    ],
)
def test_the_first_rule_that_matches_wins(names: dict[str, str], expected: str) -> None:
    assert entity(**names) == expected


def test_rules_by_own_name_come_first_and_the_loosest_last() -> None:
    assert PRECEDENCE[0][1] == RULES
    assert PRECEDENCE[-1][1] == (USER,)


def test_a_group_that_does_not_apply_offers_no_name() -> None:
    offered = [names_of(KeyNames("title", spelled="title")) for names_of, _ in PRECEDENCE]
    assert offered == [("title",), (), (), ("title",), ()]


def test_earlier_rules_shadow_later_ones() -> None:
    rule = find_rule(KeyNames("apartment_number", spelled="apartment_number"))
    assert rule is next(one for one in RULES if one.entity == "ADDRESS")
    assert rule.number is not None
