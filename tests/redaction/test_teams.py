"""Each team's texts get that team's rules, with real rules and the real model; pseudonyms of teams cannot be linked."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from collector.pipeline.rules_from_policy import rulebook
from redaction.teams import Owner, TeamRedactor
from redaction.text import Text
from redaction.version import RULES_VERSION
from schema.policy.redaction import RedactionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = bytes(range(32))
LETTER = "Marta Nowak (marta@example.com) paid with 4111 1111 1111 1111, order ORD-77193."
POLICY: dict[str, Any] = {
    "actions": {"PERSON": "pseudonym"},
    "allow": ["Support Desk", {"regex": r"[\w.]+@acme\.example"}],
    "deny": ["Project Bluebird", {"regex": r"ZX-\d{4}", "entity": "CODE_NAME"}],
    "teams": {
        "payments": {"actions": {"CREDIT_CARD": "mask", "EMAIL_ADDRESS": "keep"}},
        "audit": {"actions": {"CREDIT_CARD": "drop"}},
        "lab": {"default_action": "keep", "allow": [{"regex": ".+"}]},
        "own": {
            "thresholds": {"EMAIL_ADDRESS": 1.0, "PHONE_NUMBER": 1.0},
            "recognizers": [
                {
                    "name": "EmployeeRecognizer",
                    "supported_entity": "EMPLOYEE_ID",
                    "patterns": [{"name": "number", "regex": r"\bE\d{5}\b", "score": 0.3}],
                    "context": ["employee"],
                    "deny_list": ["E99999"],
                }
            ],
        },
        "slow": {"allow": [{"regex": "(a+)+$"}], "deny": [{"regex": "(b|b)+c"}]},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def teams() -> Iterator[TeamRedactor]:
    built = TeamRedactor(rulebook(RedactionPolicy.model_validate(POLICY)), master_key=KEY)
    yield built
    built.close()


def redact(teams: TeamRedactor, text: str, team: str | None, run: str = "", key: str = "") -> str:
    return teams.redact_many([Text(text, key)], [Owner(team, run)])[0].text


def pseudonyms(text: str) -> list[str]:
    return re.findall(r"<PERSON:([0-9a-f]{4})>", text)


def test_each_team_has_its_own_actions(teams: TeamRedactor) -> None:
    assert re.fullmatch(
        r"<PERSON:[0-9a-f]{4}> \(marta@example.com\) paid with <CREDIT_CARD:\*1111>, order ORD-77193\.",
        redact(teams, LETTER, "payments"),
    )
    assert redact(teams, LETTER, "audit") == "<FIELD_DROPPED>"
    assert re.fullmatch(
        r"<PERSON:[0-9a-f]{4}> \(<EMAIL_ADDRESS>\) paid with <CREDIT_CARD>, order ORD-77193\.",
        redact(teams, LETTER, "another"),
    )


def test_one_batch_holds_texts_of_several_teams(teams: TeamRedactor) -> None:
    owners = [Owner("payments"), Owner("audit"), Owner("payments"), Owner("another"), Owner(None)]
    together = [one.text for one in teams.redact_many([Text(LETTER)] * len(owners), owners)]
    assert together == [redact(teams, LETTER, owner.team) for owner in owners]
    assert together[0] == together[2]


def test_a_pseudonym_is_stable_in_a_team_and_differs_between_teams(teams: TeamRedactor) -> None:
    [first] = pseudonyms(redact(teams, "Marta Nowak called again.", "payments"))
    escaped = json.dumps({"customer_name": "MARTA  NOWAK"})
    assert pseudonyms(redact(teams, escaped, "payments")) == [first]
    assert pseudonyms(
        redact(teams, json.dumps({"text": json.dumps({"customer_name": "Marta Nowak"})}), "payments")
    ) == [first]
    assert pseudonyms(redact(teams, "Marta Nowak called again.", "another")) != [first]
    assert pseudonyms(redact(teams, "Peter Sellers called again.", "payments")) != [first]
    other_instance = TeamRedactor(teams.rulebook, master_key=bytes(32))
    assert pseudonyms(redact(other_instance, "Marta Nowak called again.", "payments")) != [first]


def test_without_a_team_pseudonyms_hold_for_one_run_only(teams: TeamRedactor) -> None:
    # "audit" drops cards, and so do the strictest rules: a text without one is looked at here.
    text = "Marta Nowak called again."
    [first] = pseudonyms(redact(teams, text, None, "run1"))
    assert pseudonyms(redact(teams, text, None, "run1")) == [first]
    assert pseudonyms(redact(teams, text, None, "run2")) != [first]
    assert redact(teams, text, None) == "<PERSON> called again."
    assert redact(teams, LETTER, None, "run1") == "<FIELD_DROPPED>"


def test_redacting_again_changes_nothing(teams: TeamRedactor) -> None:
    for team in ("payments", "audit", "another"):
        once = redact(teams, LETTER, team)
        assert redact(teams, once, team) == once


def test_allowed_values_are_kept_and_denied_ones_are_not(teams: TeamRedactor) -> None:
    assert redact(teams, "Write to hello@acme.example", "another") == "Write to hello@acme.example"
    assert redact(teams, "Write to hello@other.example", "another") == "Write to <EMAIL_ADDRESS>"
    assert redact(teams, "about project bluebird and ZX-4711", "another") == "about <DENIED> and <CODE_NAME>"


SECRET = "key sk-proj-abcdefghijklmnop1234, password is hunter22!, postgres://bob:s3cr3t@db.example.com/x"


def test_secrets_are_kept_only_by_name(teams: TeamRedactor) -> None:
    kept = redact(teams, LETTER, "lab")
    assert kept == LETTER
    for hidden in ("sk-proj-abcdefghijklmnop1234", "hunter22", "s3cr3t"):
        assert hidden not in redact(teams, SECRET, "lab")
    assert "ZX-4711" not in redact(teams, "ZX-4711", "lab")


def test_a_kept_finding_does_not_hide_a_secret_in_it(teams: TeamRedactor) -> None:
    raw = json.dumps(
        {"email": "postgres://bob:s3cr3t@db.example.com/x", "customer_name": "sk-proj-abcdefghijklmnop1234"}
    )
    done = redact(teams, raw, "lab")
    assert "s3cr3t" not in done
    assert "sk-proj" not in done
    assert "s3cr3t" not in redact(teams, SECRET, "payments")


def test_a_recognizer_of_a_policy_works_as_presidio_documents(teams: TeamRedactor) -> None:
    assert redact(teams, "employee E12345 left", "own") == "employee <EMPLOYEE_ID> left"
    assert redact(teams, "part E12345 left", "own") == "part E12345 left"
    assert redact(teams, "part E99999 left", "own") == "part <EMPLOYEE_ID> left"
    assert redact(teams, "employee E12345 left", "another") == "employee E12345 left"


def test_a_pattern_without_end_removes_the_text_and_not_the_worker(teams: TeamRedactor) -> None:
    before = teams.failures
    text = "b" * 5000
    assert redact(teams, text, "slow") == "<UNREDACTED_CONTENT_REMOVED>"
    assert teams.failures == before + 1
    assert redact(teams, text, "another") == text


def test_decisions_are_explained(teams: TeamRedactor) -> None:
    explained = teams.explain(Text(LETTER), Owner("payments"))
    decisions = {(one.finding.entity, one.action, one.written, one.reason) for one in explained.decisions}
    assert ("EMAIL_ADDRESS", "keep", "", "kept") in decisions
    assert ("CREDIT_CARD", "mask", "<CREDIT_CARD:*1111>", "") in decisions
    assert all(LETTER[one.finding.start : one.finding.end] for one in explained.decisions)
    below = teams.explain(Text("Call +1 415 555 0137 now."), Owner("own")).decisions
    assert {(one.finding.entity, one.reason) for one in below} == {("PHONE_NUMBER", "below the threshold")}
    allowed = teams.explain(Text("mail hello@acme.example"), Owner("another")).decisions
    assert {(one.finding.entity, one.reason) for one in allowed} == {("EMAIL_ADDRESS", "allow-list")}
    [card] = [one for one in explained.decisions if one.finding.entity == "CREDIT_CARD"]
    assert card.finding.recognizer == "CardRecognizer"


def test_the_version_is_that_of_the_rules_and_the_policy() -> None:
    assert rulebook(RedactionPolicy()).version == RULES_VERSION
    one = rulebook(RedactionPolicy.model_validate(POLICY)).version
    assert re.fullmatch(rf"{RULES_VERSION}-[0-9a-f]{{12}}", one)
    assert one != rulebook(RedactionPolicy(pseudonym_digits=5)).version
