"""Bare numbers are PII by their key, their check digit or a policy, however they are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from redaction.anonymizer.operators import Operators
from redaction.recognizers.numbers import written_out
from redaction.text import Text

if TYPE_CHECKING:
    from redaction.redactor import Redactor

CARD = 4539805112345677


def typed(redactor: Redactor, key: str, number: float, operators: Operators | None = None) -> str:
    """The redacted form of a typed number; its digits if it stays."""
    text = Text(written_out(repr(number)), key, structured=True, number=True)
    return redactor.redact_many([text], [operators or Operators()])[0].text


@pytest.mark.parametrize(
    ("number", "written"),
    [
        *(
            ("42", "42"),
            ("-42", "-42"),
            ("7.0", "7"),
            ("4.539805112345677e15", "4539805112345677"),
            ("5.1e-05", "0.000051"),
        ),
        *(("1e400", "1e400"), ("nan", "nan"), ("inf", "inf"), ("4-5", "4-5"), ("9" * 50, "9" * 50), ("1E+2", "100")),
        *(("0.0", "0"), ("48.850", "48.85")),
    ],
)
def test_a_number_is_written_out(number: str, written: str) -> None:
    assert written_out(number) == written


@pytest.mark.parametrize(
    ("key", "number", "entity"),
    [
        ("card_number", CARD, "CREDIT_CARD"),
        ("card_number", 4539805112345678, "CREDIT_CARD"),  # the key says so, whatever its check digit
        ("anything", CARD, "CREDIT_CARD"),
        ("anything", float(CARD), "CREDIT_CARD"),
        ("anything", 371449635398431, "CREDIT_CARD"),
        ("order.id", CARD, "CREDIT_CARD"),  # as its text would be
        ("ssn", 78051120, "US_SSN"),  # 078-05-1120
        ("ssns", 219099999, "US_SSN"),
        ("social_security_number", 219099999, "US_SSN"),
        ("phones", 4155550137, "PHONE_NUMBER"),
        ("phone.number", 612345678, "PHONE_NUMBER"),  # 06 12 34 56 78
        ("phone_home", 4155552671.0, "PHONE_NUMBER"),
        ("pin", 42, "PIN"),  # 0042
        ("card.pin", 0, "PIN"),  # 0000
        ("otp_code", 48213, "PIN"),
        ("cvv", 7, "CREDIT_CARD_CODE"),  # 007
        ("birth_date", 19800131, "DATE_OF_BIRTH"),
        ("dob", -318211200, "DATE_OF_BIRTH"),  # seconds before 1970
        ("birthYear", 1980, "DATE_OF_BIRTH"),
        ("zip", 2139, "ADDRESS"),  # 02139, Cambridge
        ("house_number", 12, "ADDRESS"),
        ("routing_number", 11000015, "BANK_ACCOUNT"),  # 011000015
        ("passport", 123456789, "ID_NUMBER"),
        ("tax_id", 12345678901, "ID_NUMBER"),
        ("cpf_do_cliente", 52998224725, "BR_CPF"),  # a word of the key, and check digits
        ("password", 123456, "PASSWORD"),
        ("api_key", 1234567890, "API_KEY"),
        ("lat", 1.2345678901234567, "GEO_COORDINATES"),
        ("lon", -5.1e-05, "GEO_COORDINATES"),
        ("latitudeE7", 488583701, "GEO_COORDINATES"),
        ("coordinates", 2.29448, "GEO_COORDINATES"),
        ("client_ip", 3232235777, "IP_ADDRESS"),
        ("x", 110105194912310038, "CN_RESIDENT_ID"),  # a birth date and a check digit in it
    ],
)
def test_numbers_of_people_go(redactor: Redactor, key: str, number: float, entity: str) -> None:
    shown = f"<{entity}>"
    assert typed(redactor, key, number) == shown
    for written in (json.dumps({key: number}), json.dumps({"a": json.dumps({key: number})}), repr({key: [number]})):
        assert shown in redactor.redact(written).text, written
    assert shown in redactor.redact(json.dumps([number]), key).text


@pytest.mark.parametrize(
    ("key", "number"),
    [
        *(("input_tokens", 128_000), ("gen_ai.usage.total", CARD), ("token_count.prompt", CARD), ("duration_ns", CARD)),
        *(
            ("price", 19.99),
            ("port", 4317),
            ("http.status_code", 200),
            ("process.pid", 4155550137),
            ("latency", 48.858),
        ),
        *(("timestamp", 1795325000000000000), ("seen_at", 1795325000000000000), ("seen_at", 1795325000000)),
        *(("dd.trace_id", 4539805112345678903), ("snowflake_id", 1795325000000000003), ("order_id", 77193)),
        *(("zone", 4155550137), ("n", 78051120), ("gpio_pin", 13), ("last_four", 5677), ("user.id", 4155550137)),
        *(
            ("phone_count", 4155550137),
            ("card_size_bytes", CARD),
            ("lat", 48.85),
            ("birth_day", 31),
            ("score", 0.98765),
        ),
        *(("ssn", 0), ("dob", 0), ("max_tokens", CARD), ("pinned", 4821), ("x", 4539805112345678)),
    ],
)
def test_other_numbers_stay(redactor: Redactor, key: str, number: float) -> None:
    assert typed(redactor, key, number) == written_out(repr(number))
    assert redactor.redact(json.dumps({key: number})).text == json.dumps({key: number})


@pytest.mark.parametrize(
    ("raw", "redacted"),
    [
        (f'{{"n": {CARD}.0}}', '{"n": "<CREDIT_CARD>"}'),
        ('{"n": 4.539805112345677e15}', '{"n": "<CREDIT_CARD>"}'),
        ('{"n": -4539805112345677}', '{"n": "<CREDIT_CARD>"}'),
        ('{"n": "4539805112345677.0"}', '{"n": "<CREDIT_CARD>"}'),
        ('{"card_number": "4.539805112345677E+15"}', '{"card_number": "<CREDIT_CARD>"}'),
        (f"[{CARD}, 1]", '["<CREDIT_CARD>", 1]'),
        ('{"phone": 415-555-0137, "n": 1}', '{"phone": "<PHONE_NUMBER>", "n": 1}'),
        ("cvv=042&lat=48.85837", "cvv=<PIN>&lat=<GEO_COORDINATES>"),
        ("ssn=7.805112e7 n=1", "ssn=<US_SSN> n=1"),
        ("card_number=4.539805112345677e+15", "card_number=<CREDIT_CARD>"),
        ("LED(pin=13)", "LED(pin=13)"),
        ('{"phone": {"number": 4155550137}}', '{"phone": {"number": "<PHONE_NUMBER>"}}'),
        ('{"ssn": {"value": 78051120}}', '{"ssn": {"value": "<US_SSN>"}}'),
        ('{"line": {"number": 42}, "x": {"value": 78051120}}', '{"line": {"number": 42}, "x": {"value": 78051120}}'),
    ],
)
def test_numbers_in_text(redactor: Redactor, raw: str, redacted: str) -> None:
    assert redactor.redact(raw).text == redacted


def test_a_number_gets_the_pseudonym_and_the_mask_of_its_text(redactor: Redactor) -> None:
    for operators in (Operators(default="pseudonym", pseudonym_key=b"k"), Operators(default="mask")):
        text = redactor.redact_many([Text(str(CARD), "card_number")], [operators])[0].text
        assert "CREDIT_CARD:" in text
        assert typed(redactor, "card_number", CARD, operators) == text
        assert typed(redactor, "card_number", float(CARD), operators) == text
        [inside] = redactor.redact_many([Text(f'{{"card_number": {float(CARD)!r}}}')], [operators])
        assert json.loads(inside.text) == {"card_number": text}
    assert typed(redactor, "ssn", 78051120, Operators(default="drop")) == "<FIELD_DROPPED>"


def test_what_is_cached_for_one_key_is_not_taken_for_another(redactor: Redactor) -> None:
    for key, placeholder in (("foo", "4155550137"), ("policy", '"<ID_NUMBER>"'), ("contact", '"<PHONE_NUMBER>"')):
        assert redactor.redact('{"number": 4155550137}', key).text == f'{{"number": {placeholder}}}'
    assert [typed(redactor, key, 42) for key in ("pin", "other")] == ["<PIN>", "42"]
    assert [redactor.redact("42", key).text for key in ("pin", "other")] == ["42", "42"]
