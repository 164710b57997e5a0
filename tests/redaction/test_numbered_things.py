"""Numbers of orders, tickets and parts are kept where a word or a key names them; a word about people takes them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from redaction.recognizers.numbered_things import names_a_thing
from redaction.redactor import Text

if TYPE_CHECKING:
    from redaction.redactor import Redactor

THINGS = (
    "order",
    "Order no.",
    "order number",
    "PO #",
    "invoice",
    "ticket",
    "RMA",
    "part no.",
    "tracking number",
    "case",
    "booking",
    "quote",
    "shipment",
    "SKU",
    "serial number",
    "reference:",
    "Bestellung",
    "Rechnung Nr.",
    "commande",
    "pedido",
)
KEYS = (
    "order_id",
    "orderNumber",
    "ticket_no",
    "tracking_number",
    "rma",
    "part_number",
    "invoice_id",
    "booking_reference",
)
SENTENCES = (
    "Where is my {thing} {number}?",
    "{thing} {number} was delivered",
    "Please check {thing} {number} again.",
    "I asked about {thing} {number} yesterday",
    "the {thing} {number}, which is late",
)
PEOPLE = (
    ("call me at {number} about my order", "({a}) {b}-{c}"),
    ("my phone number is {number}, the order is late", "{a}-{b}-{c}"),
    ("order 7, call back on +1 {number}", "{a} {b} {c}"),
    ("the ticket says phone: {number}", "{a}-{b}-{c}"),
)


def number(chance: random.Random) -> str:
    """A number in groups, as shops and carriers write them."""
    shape = chance.choice(["3-7-7", "2-5-5", "4-4-4", "3-3-3", "3-3-4", "4-6-2", "5-5", "3-4-4"])
    return "-".join("".join(chance.choice("23456789") for _ in range(int(width))) for width in shape.split("-"))


def test_numbers_behind_words_for_things_are_kept(redactor: Redactor) -> None:
    chance = random.Random(17)
    cases = []
    for thing in THINGS:
        for sentence in SENTENCES:
            value = number(chance)
            cases.append((sentence.format(thing=thing, number=value), value))
    answers = redactor.redact_many([Text(text) for text, _ in cases])
    lost = [answer.text for (_, value), answer in zip(cases, answers, strict=True) if value not in answer.text]
    assert not lost


def test_numbers_under_keys_for_things_are_kept(redactor: Redactor) -> None:
    chance = random.Random(18)
    cases = [(json.dumps({key: value}), value) for key in KEYS for value in [number(chance) for _ in range(6)]]
    answers = redactor.redact_many([Text(text) for text, _ in cases])
    lost = [answer.text for (_, value), answer in zip(cases, answers, strict=True) if value not in answer.text]
    assert not lost


@pytest.mark.parametrize(("sentence", "shape"), PEOPLE)
def test_a_telephone_number_goes_although_an_order_is_near(redactor: Redactor, sentence: str, shape: str) -> None:
    chance = random.Random(19)
    for _ in range(8):
        a, b, c = chance.choice(["415", "212", "303"]), f"{chance.randint(200, 999)}", f"{chance.randint(0, 9999):04}"
        value = shape.format(a=a, b=b, c=c)
        (answer,) = redactor.redact_many([Text(sentence.format(number=value))])
        assert f"{b}-{c}" not in answer.text
        assert f"{b} {c}" not in answer.text


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("order 4111 1111 1111 1111", "4111 1111 1111 1111"),  # its check digit is that of a card
        ("order: my SSN is 536-22-8471", "536-22-8471"),
        ("ticket by +49 30 901820", "901820"),
        ('{"order_note": "call 415-555-0137"}', "555-0137"),
        ("Call us to order: 020 7946 0958", "7946 0958"),
        ("For returns 415-555-0137 is our line", "555-0137"),
        ('{"order_contact": "628-317-9054"}', "317-9054"),
        ('{"phone_order": "415-555-0137"}', "555-0137"),
    ],
)
def test_what_is_certain_goes_behind_any_word(redactor: Redactor, text: str, gone: str) -> None:
    (answer,) = redactor.redact_many([Text(text)])
    assert gone not in answer.text


def test_an_enumeration_is_named_once() -> None:
    text = "orders 23-08841-55217, 23-08841-55218 and 23-08841-55219"
    assert names_a_thing(text, text.rindex("23-"), len(text))
    assert not names_a_thing("no orders. 23-08841-55219", 11, 25)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("iban de44500105175407324931 is closed", ("iban ", " is closed")),
        ("Deploy C5 to S3 and EKS, then drain EC2", ("C5", "S3", "EKS", "EC2")),
        ("SKU 5512-8034", ("SKU 5512-8034",)),
        ("set PORT=5432", ("PORT=5432",)),
        ("Write to ann@example.com. Thanks.", (". Thanks.",)),
        ("We bought it from Northwind Outfitters yesterday.", ("Northwind Outfitters",)),
    ],
)
def test_words_around_stay(redactor: Redactor, text: str, kept: tuple[str, ...]) -> None:
    (answer,) = redactor.redact_many([Text(text)])
    assert all(word in answer.text for word in kept), answer.text
