"""What each property of a candidate tells, and the decision by all of them."""

from __future__ import annotations

import pytest

from redaction.recognizers.phone import Candidate, TelephoneRecognizer, Verdict, judge


def candidate(text: str, run: str, key_words: str = "") -> Candidate:
    return Candidate(text, text.index(run), run, key_words)


@pytest.mark.parametrize(
    ("context", "announced", "shaped", "verdict"),
    [
        (False, False, False, Verdict.NO_PHONE),
        (False, False, True, Verdict.ASK_PLANS),
        (False, True, False, Verdict.PHONE),
        (False, True, True, Verdict.PHONE),
        (True, False, False, Verdict.ASK_PLANS),
        (True, False, True, Verdict.PHONE),
        (True, True, False, Verdict.PHONE),
        (True, True, True, Verdict.PHONE),
    ],
)
def test_the_decision(context: bool, announced: bool, shaped: bool, verdict: Verdict) -> None:  # noqa: FBT001 - a truth table
    assert judge(context=context, announced=announced, shaped=shaped) is verdict


@pytest.mark.parametrize(
    ("run", "value"),
    [
        ("415 555 0100. ", "415 555 0100"),
        ("415 555 0100 (", "415 555 0100"),
        ("415 555 0100)", "415 555 0100"),
        ("(415) 555 0100", "(415) 555 0100"),
    ],
)
def test_punctuation_at_the_end_is_no_part_of_it(run: str, value: str) -> None:
    found = candidate(f"x {run}", run)
    assert (found.value, found.start, found.end) == (value, 2, 2 + len(value))


@pytest.mark.parametrize(
    ("text", "run", "reason"),
    [
        ("about 555 010 of them", "555 010", "has_length"),
        ("on 2026-03-12 10 we", "2026-03-12 10", "is_date"),
        ("seasons 2024 - 2026 and", "2024 - 2026", "is_date"),
        ("Ubuntu 24.04.9.20 of", "24.04.9.20", "is_version"),
        ("scan 4006 3813 3393 1728", "4006 3813 3393 1728", "is_too_long_without_prefix"),
        ("n=4155550100", "4155550100", "is_value_of_field"),
        ("invoice no. 415 555 0100", "415 555 0100", "is_numbered_thing"),
    ],
)
def test_what_is_something_else(text: str, run: str, reason: str) -> None:
    found = candidate(text, run)
    reasons = {
        name
        for name in (
            "is_date", "is_version", "is_too_long_without_prefix", "is_value_of_field", "is_numbered_thing",
        )
        if getattr(found, name)
    } | ({"has_length"} if not found.has_length else set())  # fmt: skip
    assert reasons == {reason}
    assert found.is_something_else


@pytest.mark.parametrize(
    ("text", "run", "key_words", "expected"),
    [
        ("call 415 555 0100", "415 555 0100", "", (True, False, True)),
        ("phone: 4155550100", "4155550100", "", (True, True, False)),
        ("ring me at 415 555 0100", "415 555 0100", "", (True, True, True)),
        ("415 555 0100 (office)", "415 555 0100", "", (True, False, True)),
        ("4155550100", "4155550100", "phone", (True, False, False)),
        ("(415) 555 0100", "(415) 555 0100", "", (False, False, True)),
        ("4155550100", "4155550100", "", (False, False, False)),
        ("1 250 000 000", "1 250 000 000", "", (False, False, False)),
    ],
)
def test_context_announcement_and_shape(text: str, run: str, key_words: str, expected: tuple[bool, ...]) -> None:
    found = candidate(text, run, key_words)
    assert not found.is_something_else
    assert (found.has_context, found.is_announced, found.has_national_shape) == expected


@pytest.mark.parametrize("run", ["+49 30 90182 0 1234567", "0049 30 90182 0 1234567", "415 555 0100 x1234567"])
def test_a_prefix_or_an_extension_makes_a_long_number_possible(run: str) -> None:
    assert not candidate(f"to {run}", run).is_too_long_without_prefix


def test_the_word_right_before_a_number_outweighs_words_further_away() -> None:
    assert candidate("call about order 415 555 0100", "415 555 0100").is_numbered_thing
    assert not candidate("order line: tel. 415 555 0100", "415 555 0100").is_numbered_thing


def test_context_makes_a_number_surer() -> None:
    recognizer = TelephoneRecognizer()
    scores = [recognizer.analyze(text, ["PHONE_NUMBER"])[0].score for text in ("call (415) 555-2671", "(415) 555-2671")]
    assert scores == [0.75, 0.6]
