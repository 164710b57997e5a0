"""Rules of the policy apply to typed numbers as to text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from otlp_requests import key_values, request

from collector.pipeline.redact import redact_traces
from collector.pipeline.rules_from_policy import build_team_redactor
from schema.policy.policy import Policy
from schema.policy.redaction import RedactionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redaction.teams import TeamRedactor

CARD = 4539805112345677
SECTION = {
    "deny": ["4711123"],
    "teams": {
        "open": {"actions": {"CREDIT_CARD": "keep"}},
        "mask": {"actions": {"CREDIT_CARD": "mask"}},
        "drop": {"actions": {"CREDIT_CARD": "drop"}},
        "pseudonym": {"actions": {"CREDIT_CARD": "pseudonym"}},
        "allowing": {"allow": [{"regex": "4539.*"}]},
        "own": {
            "recognizers": [
                {
                    "name": "StaffRecognizer",
                    "supported_entity": "STAFF",
                    "patterns": [{"name": "number", "regex": r"\b99\d{4}\b", "score": 0.9}],
                }
            ]
        },
    },
}


@pytest.fixture(scope="module")
def redactor() -> Iterator[TeamRedactor]:
    built = build_team_redactor(Policy(redaction=RedactionPolicy.model_validate(SECTION)), b"k" * 32)
    yield built
    built.close()


def redacted(redactor: TeamRedactor, team: str, **values: float | str) -> list[object]:
    export = request({"attributes": values}, resource={"spanledger.team": team})
    redact_traces(export, redactor, ("spanledger.team",))
    found = export.resource_spans[0].scope_spans[0].spans[0].attributes
    return [getattr(pair.value, pair.value.WhichOneof("value")) for pair in found]


def test_actions_and_lists_of_a_team(redactor: TeamRedactor) -> None:
    assert redacted(redactor, "open", card_number=CARD) == [CARD]
    assert redacted(redactor, "allowing", n=CARD, card_number=float(CARD)) == [CARD, float(CARD)]
    assert redacted(redactor, "mask", card_number=CARD, n=float(CARD)) == ["<CREDIT_CARD:*5677>"] * 2
    assert redacted(redactor, "drop", card_number=CARD) == ["<FIELD_DROPPED>"]
    number, double, text = redacted(redactor, "pseudonym", card_number=CARD, n=float(CARD), note=str(CARD))
    assert number == double == text
    assert str(number).startswith("<CREDIT_CARD:")


def test_what_a_policy_denies_and_recognises_goes_as_a_number_too(redactor: TeamRedactor) -> None:
    assert redacted(redactor, "open", ref=4711123, other=47111234, n=4711123.0) == ["<DENIED>", 47111234, "<DENIED>"]
    assert redacted(redactor, "own", ref=994711, output_tokens=994711) == ["<STAFF>", 994711]
    assert redacted(redactor, "open", ref=994711) == [994711]


def test_what_nothing_was_found_in_stays_the_number_that_it_was(redactor: TeamRedactor) -> None:
    values = {"a": 1, "phone_code": 49, "b": 2.5, "c": [1, 2.0, {"d": 3}], "e": 0, "f": False, "g": float("inf")}
    export = request({"attributes": values}, resource={"spanledger.team": "own"})
    for _ in range(2):  # the second time from what was remembered
        assert redact_traces(export, redactor, ("spanledger.team",)) == [{}]
        assert list(export.resource_spans[0].scope_spans[0].spans[0].attributes) == key_values(values)
