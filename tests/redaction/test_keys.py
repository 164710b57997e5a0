"""What keys say of their values, and what the keys beside them say."""

from __future__ import annotations

import pytest

from redaction.keys import classify, whole_value


@pytest.mark.parametrize("key", ["patient_id", "customerId", "member_id", "guest_ids", "employeeId", "user_id"])
def test_handles_under_the_id_of_a_person_are_names(key: str) -> None:
    assert classify((key,)).username


@pytest.mark.parametrize("key", ["agent_id", "client_id", "provider_id", "tenant_id", "request_id", "span_id"])
def test_ids_of_systems_are_no_names(key: str) -> None:
    assert not classify((key,)).username


@pytest.mark.parametrize(
    ("siblings", "entity"),
    [
        ({"name", "email"}, "PERSON"),
        ({"name", "address", "phone"}, "PERSON"),
        ({"name", "address", "rating"}, None),
        ({"name", "city", "price_min", "price_max", "address"}, None),
        ({"name", "cuisine_type", "phone"}, None),
        ({"name", "price"}, None),
    ],
)
def test_the_keys_beside_a_name_say_whose_it_is(siblings: set[str], entity: str | None) -> None:
    key = classify(("name",), frozenset(siblings))
    assert whole_value(key, "Rosewood Terrace") == entity


def test_a_city_of_two_capitals_is_the_code_of_a_state() -> None:
    key = classify(("city",))
    assert whole_value(key, "NY") is None
    assert whole_value(key, "Ely") == "LOCATION"
