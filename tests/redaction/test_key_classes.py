"""Classes of keys, by the key itself, its parents and its siblings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from redaction.recognizers.keys import classify, whole_value

if TYPE_CHECKING:
    from redaction.redactor import Redactor


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
def test_sibling_keys_tell_if_a_name_is_of_a_person(siblings: set[str], entity: str | None) -> None:
    key = classify(("name",), frozenset(siblings))
    assert whole_value(key, "Rosewood Terrace") == entity


def test_a_city_of_two_capitals_is_the_code_of_a_state() -> None:
    key = classify(("city",))
    assert whole_value(key, "NY") is None
    assert whole_value(key, "Ely") == "LOCATION"


@pytest.mark.parametrize("key", ["last_four", "lastFour", "last4", "last_4_digits", "order_id", "finish_reason"])
def test_keys_without_free_text(key: str) -> None:
    assert not classify((key,)).prose


@pytest.mark.parametrize("key", ["note", "last", "title", "four"])
def test_keys_with_free_text(key: str) -> None:
    assert classify((key,)).prose


@pytest.mark.parametrize(
    ("raw", "redacted"),
    [
        ('{"mia_li_3668": {"customer_id": "mia_li_3668"}}', '{"<USERNAME>": {"customer_id": "<USERNAME>"}}'),
        ('{"dr_okafor_cardiology": {"room": 4}}', '{"<USERNAME>": {"room": 4}}'),
        ('{"user": "KwameOsei", "by": "KwameOsei"}', '{"user": "<USERNAME>", "by": "KwameOsei"}'),
        ('{"user": "daiki_s"}', '{"user": "<USERNAME>"}'),
        ('{"user": "kb74"}', '{"user": "<USERNAME>"}'),
        ('{"user": "u4"}', '{"user": "u4"}'),
        (
            '{"Alice": ["general"], "Bob": ["random"], "Charlie": ["general"], "Eve": ["general"]}',
            '{"<PERSON>": ["general"], "<PERSON_2>": ["random"], "<PERSON_3>": ["general"], "<PERSON_4>": ["general"]}',
        ),
        ('{"Alice": 3, "Marta": 4, "total": 7, "Sum": 7}', '{"<PERSON>": 3, "<PERSON_2>": 4, "total": 7, "Sum": 7}'),
        ('{"Sarah": 3, "Total": 3}', '{"<PERSON>": 3, "Total": 3}'),
        ("{'dob': datetime.date(1984, 3, 12), 'n': 1}", "{'dob': <DATE_OF_BIRTH>, 'n': 1}"),
        ("{'due': datetime.date(2026, 3, 12), 'n': 1}", "{'due': datetime.date(2026, 3, 12), 'n': 1}"),
        ('{"contact_number": "0281333154"}', '{"contact_number": "<PHONE_NUMBER>"}'),
        ('{"policy_number": "BCBS123456789"}', '{"policy_number": "<ID_NUMBER>"}'),
        ('{"recipient": "GB00NWBK60161331926819"}', '{"recipient": "<IBAN_CODE>"}'),  # its check digits are wrong
        ('{"recipient": "queue-7", "sender": "me"}', '{"recipient": "queue-7", "sender": "me"}'),
        ('{"departure_city": "Lyon", "gate": "B4"}', '{"departure_city": "<LOCATION>", "gate": "B4"}'),
    ],
)
def test_handles_and_numbers_of_people_go(redactor: Redactor, raw: str, redacted: str) -> None:
    assert redactor.redact(raw).text == redacted


def test_a_name_in_the_text_is_redacted_in_its_keys(redactor: Redactor) -> None:
    raw = '{"Ekaterina": ["general"], "Status": ["random"], "note": "Please ask Ekaterina Smirnova about it."}'
    assert list(json.loads(redactor.redact(raw).text)) == ["<PERSON>", "Status", "note"]


@pytest.mark.parametrize(
    "raw",
    [
        '{"user": "admin"}',
        '{"user": "batch-runner"}',
        '{"user": "hello", "assistant": "What can I do?"}',
        '{"user": "4711"}',
        '{"step_two_3": {"Status": "done"}, "Total": 4}',
        '{"license": "MIT", "policy_name": "refunds-v2"}',
    ],
)
def test_values_that_name_no_person_stay(redactor: Redactor, raw: str) -> None:
    assert redactor.redact(raw).text == raw
