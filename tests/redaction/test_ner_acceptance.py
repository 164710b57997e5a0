"""Which of a model's entities count, and how they are completed."""

from __future__ import annotations

import pytest

from redaction.ner.acceptance import findings
from redaction.ner.model import Entity


def found(text: str, value: str, label: str, score: float = 1.0) -> list[str]:
    start = text.index(value)
    hits = findings(text, [Entity(start, start + len(value), label, score)], "tagger")
    return [text[hit.start : hit.end] for hit in hits]


@pytest.mark.parametrize(
    ("text", "value", "label"),
    [
        ("id 00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", "PHONE_NUMBER"),
        ("about 1,250,000 rows", "1,250,000", "PHONE_NUMBER"),
        ("it shows 004 817 kWh today", "004 817", "PHONE_NUMBER"),
        ("978-3-16-148410-0", "978-3-16-148410", "PHONE_NUMBER"),
        ("it took 8m 49s", "8m 49s", "ADDRESS"),
        ("levels at 22 ng per ml", "22 ng", "ADDRESS"),
        ('"@acme/router": "^1.0"', "acme", "ADDRESS"),
        ("@Getter\npublic class Row {", "Getter", "ADDRESS"),
        ("turn 4 failed", "turn 4", "ADDRESS"),
        ("the first of January.", "January", "PERSON"),
        ("it was fitted last autumn", "autumn", "PERSON"),
        ("the flight on 3 June, please", "June", "PERSON"),
        ("May 2 would suit me", "May", "PERSON"),
        ("Boyle's law relates them", "Boyle", "PERSON"),
        ("a Gantt chart of it", "Gantt", "PERSON"),
        ("a Markov process", "Markov", "PERSON"),
    ],
)
def test_entities_in_the_form_of_no_name_stay(text: str, value: str, label: str) -> None:
    assert found(text, value, label) == []


@pytest.mark.parametrize(
    ("text", "value", "completed"),
    [
        ("Tylova 42, Praha, 360 17", "Tylova 42, Praha, 360", "Tylova 42, Praha, 360 17"),
        ("Veenoord 9, Rotterdam 3079 NP", "Veenoord 9, Rotterdam 3079", "Veenoord 9, Rotterdam 3079 NP"),
        ("Rua Augusta 5, Lisboa 1100-048", "Rua Augusta 5, Lisboa 1100", "Rua Augusta 5, Lisboa 1100-048"),
        ("16 Elm Row, Truro, NS B2N5E8 by Monday", "16 Elm Row, Truro, NS", "16 Elm Row, Truro, NS B2N5E8"),
        ("Dorpsweg 4\n3621ZS\nBreda", "Dorpsweg 4", "Dorpsweg 4\n3621ZS"),
        ("4, Park Lane\nJaipur-302001, call first", "4, Park Lane", "4, Park Lane\nJaipur-302001"),
        (
            "Davidsingel 9, 6433 Montigny-le-Tilleul",
            "Davidsingel 9, 6433 Montigny",
            "Davidsingel 9, 6433 Montigny-le-Tilleul",
        ),
        ("from 8 Rue Noire, Paris-based", "8 Rue Noire, Paris", "8 Rue Noire, Paris"),
        ("9 Elm Row, ISO-9001 applies", "9 Elm Row", "9 Elm Row"),
    ],
)
def test_addresses_are_completed(text: str, value: str, completed: str) -> None:
    assert found(text, value, "ADDRESS") == [completed]


@pytest.mark.parametrize(
    ("text", "first", "second", "completed"),
    [
        ("Fő utca 8., H-1261 Budakeszi now", "Fő utca 8", "Budakeszi", ["Fő utca 8., H-1261 Budakeszi"]),
        ("Lale Caddesi No: 251, Adana", "Lale Caddesi", "251, Adana", ["Lale Caddesi No: 251, Adana"]),
        ("Rua Nova 2, 13700211 Itu", "Rua Nova 2", "Itu", ["Rua Nova 2, 13700211 Itu"]),
        ("9 Elm Row, invoice 77001122 to Truro", "9 Elm Row", "Truro", ["9 Elm Row", "Truro"]),
    ],
)
def test_a_postcode_joins_the_parts_of_an_address(text: str, first: str, second: str, completed: list[str]) -> None:
    parts = [(text.index(value), text.index(value) + len(value)) for value in (first, second)]
    labels = ("ADDRESS", "CITY")
    hits = findings(text, [Entity(*part, label, 1.0) for part, label in zip(parts, labels, strict=True)], "tagger")
    assert [text[hit.start : hit.end] for hit in hits] == completed


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ms January rang", "January"),
        ("Ask June about it", "June"),
        ("Autumn is ill", "Autumn"),
        ("Boyle came", "Boyle"),
    ],
)
def test_names_that_are_also_words_go(text: str, name: str) -> None:
    assert found(text, name, "PERSON") == [name]


@pytest.mark.parametrize("name", ["D'Angelo", "d\u2019Angelo"])
def test_what_an_apostrophe_joins_is_part_of_a_name(name: str) -> None:
    assert found(f"cc {name} today", "Angelo", "PERSON") == [name]
    assert found("mad'Angelo and 5'Angelo", "Angelo", "PERSON") == ["Angelo"]


@pytest.mark.parametrize("score", [0.5, 0.85])
def test_a_bare_number_needs_certainty(score: float) -> None:
    assert found("points: 37848", "37848", "ADDRESS", score) == []


def test_six_digits_in_groups_may_be_a_telephone_number() -> None:
    assert found("ring 33 66 18", "33 66 18", "PHONE_NUMBER") == ["33 66 18"]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Mrs Vandersloot", "Vandersloot"),
        ("dr. okafor", "okafor"),
        ("Frau Li", "Li"),
        ("Miss", "Miss"),
        ("Drew", "Drew"),
    ],
)
def test_a_title_is_no_part_of_a_name(value: str, name: str) -> None:
    assert found(f"ask {value} today", value, "PERSON") == [name]
