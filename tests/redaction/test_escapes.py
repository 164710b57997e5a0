"""Values behind escapes and encodings are found at every place, and replaced as they were written."""

from __future__ import annotations

import base64
import json
import quopri
import random
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from fake_secrets import FAKES
from hypothesis import given
from hypothesis import strategies as st

from redaction.leaves.escapes import seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from redaction.redactor import Redactor


def entities(text: str) -> str:
    return "".join(f"&#{ord(letter)};" for letter in text)


def escapes(text: str) -> str:
    pairs = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at : at + 2].hex()}" for at in range(0, len(pairs), 2))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRITTEN: dict[str, Callable[[str], str]] = {
    "entities": entities,
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    "escapes outside of JSON": escapes,
    "escapes with two backslashes": lambda text: escapes(text).replace("\\", "\\\\"),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent, three times": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "base64 in percent": lambda text: quote(encoded(f"it says {text} here"), safe=""),
    "percent in base64": lambda text: encoded(f"it says {quote(text, safe='')} here"),
    "base64 of base64": lambda text: encoded(encoded(f"it says {text} here")),
    "base64 in lines": lambda text: base64.encodebytes(f"{'so ' * 17}{text} {'so ' * 9}".encode()).decode(),
    "hexadecimal": lambda text: f"it says {text} here".encode().hex(),
    "hexadecimal with a prefix": lambda text: "0x" + f"it says {text} here".encode().hex().upper(),
    "base64 of UTF-16": lambda text: base64.b64encode(f"it says {text} here".encode("utf-16-le")).decode(),
    "quoted-printable": lambda text: quopri.encodestring(f"für {text}".encode()).decode(),
    "wide": lambda text: "".join(
        chr(ord(letter) + 0xFEE0) if letter.isalnum() or letter in "@.-" else letter for letter in text
    ),
    "soft hyphens": "\u00ad".join,
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
}
VALUES = ("marta.nowak@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "078-05-1120")


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_found_however_it_is_written(redactor: Redactor, form: str, value: str) -> None:
    written = WRITTEN[form](value)
    for text in (f"her ssn, card, mail: {written} ok", json.dumps({"note": f"her ssn, card, mail: {written} ok"})):
        answer = redactor.redact(text)
        assert any(finding.entity != "PERSON" for finding in answer.findings), text
        left = answer.text
        for shape in (value, written, json.dumps(written)[1:-1]):
            assert not any(shape[at : at + 12] in left for at in range(len(shape) - 12)), left
        assert redactor.redact(left).text == left


@pytest.mark.parametrize("form", WRITTEN)
def test_no_secret_survives_however_it_is_written(redactor: Redactor, form: str) -> None:
    rng = random.Random(f"20261123 {form}")
    for kind in ("OpenAI", "GitHub classic", "AWS access key id"):
        secret, value = FAKES[kind](rng)
        left = redactor.redact(f"it said: {WRITTEN[form](value)}").text
        shown = seen(left) or (left, [])
        assert secret[8:20] not in shown[0]


def test_a_finding_is_where_it_was_written(redactor: Redactor) -> None:
    text = "<li>Frau J&uuml;rgens, j&#117;ergens&commat;example.com</li>"
    answer = redactor.redact(text)
    mail = next(finding for finding in answer.findings if finding.entity == "EMAIL_ADDRESS")
    assert text[mail.start : mail.end] == "j&#117;ergens&commat;example.com"
    assert answer.text.endswith("<EMAIL_ADDRESS></li>")


@pytest.mark.parametrize(
    "text",
    [
        "if (a &b; c)",
        "R&D; Q&A;",
        "x=20 y=C3",
        "?a=1&b=2",
        "C:\\users\\me",
        "caf\u00e9",
        "a\\nb",
        "&#x110000000;",
        "&unknown;",
    ],
)
def test_text_without_escapes_stays(text: str) -> None:
    assert seen(text) is None


PRINTED = st.text(
    st.characters(min_codepoint=161, categories=["L", "N", "P", "S"]) | st.sampled_from(" ab@.9"), min_size=1
)


@given(PRINTED, st.sampled_from([entities, escapes]))
def test_every_character_is_seen_behind_its_escape(text: str, write: Callable[[str], str]) -> None:
    shown = seen(write(text))
    assert shown is not None
    assert shown[0] == text


@given(st.text(max_size=60), st.sampled_from([entities, escapes, str]), st.text(max_size=20))
def test_places_are_in_order_and_inside(before: str, write: Callable[[str], str], after: str) -> None:
    text = before + write(after)
    shown = seen(text)
    if shown is not None:
        assert len(shown[1]) == len(shown[0]) + 1
        assert shown[1] == sorted(shown[1])
        assert shown[1][-1] == len(text)
