"""National numbers are found by their check digits; order numbers, trace ids and amounts of the same length stay."""

from __future__ import annotations

import random
import string
import uuid
from typing import TYPE_CHECKING

import pytest

from redaction.recognizers.analyzer import Analyzer
from redaction.recognizers.check_digits import luhn
from redaction.recognizers.wallets import base58_check, bech32_check

if TYPE_CHECKING:
    from collections.abc import Callable

ANALYZER = Analyzer()

# The authorities' own samples, and numbers made for tests.
IN_FORM = [
    ("US_SSN", "078-05-1120"),
    ("US_ITIN", "912-70-1234"),
    ("UK_NHS", "943 476 5919"),
    ("UK_NINO", "QQ 12 34 56 C".replace("QQ", "AB")),
    ("FR_NIR", "1 85 05 78 006 084 91"),
    ("ES_NIF", "12345678Z"),
    ("ES_NIE", "X1234567L"),
    ("IT_FISCAL_CODE", "RSSMRA85T10A562S"),
    ("IN_AADHAAR", "2341 2341 2346"),
    ("BR_CPF", "529.982.247-25"),
    ("BR_CNPJ", "11.222.333/0001-81"),
    ("BR_CNPJ", "12.ABC.345/01DE-35"),
    ("AU_MEDICARE", "2123 45670 1"),
    ("SG_NRIC_FIN", "S1234567D"),
    ("CH_AHV", "756.9217.0769.85"),
    ("CN_RESIDENT_ID", "11010519491231002X"),
    ("MX_CURP", "HEGG560427MVZRRL04"),
]
TOLD = [
    ("US_SSN", "SSN", "078051120"),
    ("US_ITIN", "ITIN", "912701234"),
    ("UK_NHS", "NHS number", "9434765919"),
    ("UK_NINO", "National Insurance", "AB123456C"),
    ("DE_TAX_ID", "Steuer-ID", "86095742719"),
    ("DE_TAX_ID", "Steueridentifikationsnummer", "86 095 742 719"),
    ("FR_NIR", "NIR", "185057800608491"),
    ("NL_BSN", "BSN", "111222333"),
    ("PL_PESEL", "PESEL", "44051401359"),
    ("IN_AADHAAR", "Aadhaar", "234123412346"),
    ("IN_PAN", "PAN", "ABCPK1234F"),
    ("BR_CPF", "CPF", "52998224725"),
    ("BR_CNPJ", "CNPJ", "11222333000181"),
    ("AU_TFN", "TFN", "123 456 782"),
    ("AU_MEDICARE", "Medicare card", "2123456701"),
    ("CA_SIN", "SIN", "046 454 286"),
    ("SE_PERSONAL_NUMBER", "personnummer", "811228-9874"),
]


def found(text: str, key_words: str = "") -> set[tuple[str, str]]:
    return {(hit.entity, text[hit.start : hit.end]) for hit in ANALYZER.find(text, key_words)}


@pytest.mark.parametrize(("entity", "number"), IN_FORM)
def test_a_number_in_its_own_form_is_found_anywhere(entity: str, number: str) -> None:
    for text in (number, f"It is {number}, thanks.", f'{{"note": "{number}"}}', f"id={number};", f"({number})"):
        assert (entity, number) in found(text), text


@pytest.mark.parametrize(("entity", "word", "number"), TOLD)
def test_a_bare_number_is_found_near_its_context_word(entity: str, word: str, number: str) -> None:
    for text in (f"my {word} is {number}.", f"{word}: {number}", f"{word} number {number}, please"):
        assert (entity, number) in found(text), text


BARE = [(entity, number) for entity, _, number in TOLD if number.isdecimal()]


@pytest.mark.parametrize(("entity", "number"), BARE)
def test_a_bare_number_alone_is_no_national_number(entity: str, number: str) -> None:
    assert entity not in {name for name, _ in found(f"shipment {number} left the warehouse")}


WITH_CHECK_DIGIT = [(entity, number) for entity, number in IN_FORM if entity not in {"US_SSN", "US_ITIN", "UK_NINO"}]


@pytest.mark.parametrize(("entity", "number"), WITH_CHECK_DIGIT)
def test_a_wrong_check_digit_is_not_that_number(entity: str, number: str) -> None:
    at = max(index for index, character in enumerate(number) if character.isdecimal())
    at = 9 if entity == "AU_MEDICARE" else at  # an issue number follows its check digit
    for digit in string.digits:
        other = f"{number[:at]}{digit}{number[at + 1 :]}"
        # Some digits of Chinese and Mexican numbers are part of a date, not of the check.
        assert (digit == number[at]) == ((entity, other) in found(other)), other


def test_the_rest_of_personal_numbers() -> None:
    for text, entity, value in [
        ("wire to routing 021000021", "BANK_ACCOUNT", "021000021"),
        ("SWIFT code DEUTDEFF500", "BANK_ACCOUNT", "DEUTDEFF500"),
        ("Reisepass C01X00T47", "ID_NUMBER", "C01X00T47"),
        ("driver's license D1234567", "ID_NUMBER", "D1234567"),
        ("driving licence MORGA657054SM9IJ", "ID_NUMBER", "MORGA657054SM9IJ"),
        ("PESEL 44051401358", "ID_NUMBER", "44051401358"),
        ("mac address 00:1A:2b:3C:4d:5E", "MAC_ADDRESS", "00:1A:2b:3C:4d:5E"),
        ("interface aabb.ccdd.ee01 is up", "MAC_ADDRESS", "aabb.ccdd.ee01"),
        ("we met at lat 48.858370, lon 2.294481", "GEO_COORDINATES", "48.858370"),
        ("location: 48.858370, 2.294481", "GEO_COORDINATES", "48.858370, 2.294481"),
        ("https://maps.example.com/@48.858370,2.294481,17z", "GEO_COORDINATES", "48.858370,2.294481"),
        ("at 48°51'30.1\"N 2°17'40.2\"E", "GEO_COORDINATES", "48°51'30.1\"N 2°17'40.2\"E"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "CRYPTO", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("to 0x52908400098527886E0F7030069857D2E4169EE7", "CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("card 6304000000000000", "CREDIT_CARD", "6304000000000000"),
    ]:
        assert (entity, value) in found(text), text


def test_checks_of_wallets() -> None:
    assert base58_check("1BoatSLRHtKNngkdXEeobR76b53LETtpyT")
    assert not base58_check("1BoatSLRHtKNngkdXEeobR76b53LETtpyU")
    assert bech32_check("bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr")
    assert not bech32_check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp")


rng = random.Random(4)
HEX = "0123456789abcdef"


def digits(count: int) -> str:
    return str(rng.randint(1, 9)) + "".join(rng.choices(string.digits, k=count - 1))


def not_luhn(count: int) -> str:
    """Draw a number that is no card; one random number in ten has a valid check digit."""
    number = digits(count)
    return not_luhn(count) if luhn(number) else number


INNOCENT: dict[str, Callable[[], str]] = {
    "order": lambda: f"order {digits(8)}",
    "order of nine": lambda: f"Order number {digits(9)} was shipped",
    "order of eleven": lambda: f"shipment {not_luhn(11)}",
    "parcel": lambda: f"tracking {not_luhn(12)}",
    "long id": lambda: f"id {not_luhn(15)}",
    "prefixed": lambda: f"{rng.choice(['ORD', 'INV', 'PO', 'SKU', 'REQ'])}-{digits(rng.randint(4, 10))}",
    "dated": lambda: f"{rng.choice(['batch', 'job'])} 2026112{rng.randint(0, 9)}-{digits(4)}",
    "trace": lambda: f"trace {''.join(rng.choices(HEX, k=32))} span {''.join(rng.choices(HEX, k=16))}",
    "uuid": lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "seconds": lambda: f"at {1763000000 + rng.randint(0, 10**7)}",
    "nanoseconds": lambda: f"start {1763000000 + rng.randint(0, 10**7)}{digits(9)}",
    "amount": lambda: f"{rng.randint(1, 999)},{digits(3)},{digits(3)}.{digits(2)} USD",
    "amount in euros": lambda: f"{rng.randint(1, 999)}.{digits(3)}.{digits(3)},{digits(2)} EUR",
    "amount with spaces": lambda: f"total {rng.randint(1, 999)} {digits(3)} {digits(3)} SEK",
    "tokens": lambda: f"{digits(5)} in, {digits(4)} out, {digits(6)} cached",
    "version": lambda: f"v{rng.randint(0, 20)}.{rng.randint(0, 99)}.{rng.randint(0, 9999)}",
    "metric": lambda: f"loss {rng.random():.6f}, {rng.random():.6f} after step {digits(5)}",
    "vector": lambda: ", ".join(f"{rng.uniform(-1, 1):.7f}" for _ in range(4)),
    "coarse place": lambda: f"latitude {rng.uniform(-90, 90):.2f}, longitude {rng.uniform(-180, 180):.1f}",
    "time": lambda: (
        f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} {rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    ),
    "lines": lambda: f"lines {digits(2)}-{digits(3)} of {digits(5)}",
    "commit": lambda: "".join(rng.choices(HEX, k=40)),
    "pointer": lambda: f"object at 0x7f{''.join(rng.choices(HEX, k=10))}",
    "isbn": lambda: f"ISBN 978-{rng.randint(0, 9)}-{digits(3)}-{digits(5)}-{rng.randint(0, 9)}",
    "port": lambda: f"127.0.0.1:{rng.randint(1024, 65535)}",
}


@pytest.mark.parametrize("kind", INNOCENT)
def test_what_is_no_personal_number_stays(kind: str) -> None:
    texts = [INNOCENT[kind]() for _ in range(30)]
    assert {text: found(text) for text in texts if found(text)} == {}
