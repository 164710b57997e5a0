"""The policy file names the place of an error, and does not keep secrets by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction.recognizers.analyzer import registry
from redaction.recognizers.secrets import SECRETS as FOUND_SECRETS
from schema.policy.policy import PolicyError, load_policy
from schema.policy.redaction import ENTITIES, SECRETS, RedactionPolicy, RedactionRules

WRONG = [
    ("retention:\n  days: 3\n", 2, "retention.days"),
    ("retention:\n  days: 30\n  rules:\n    - {team: a, days: 30}\n    - team: b\n", 5, "retention.rules.1.days"),
    ("ingest_keys:\n- name: x\n\n  sha256: nope\n", 4, "ingest_keys.0.sha256"),
    ("retention: {days: 30}\nretenion: {}\n", 2, "retenion"),
    ("retention: {days: 30}\nretention: {days: 60}\n", 2, "stands twice"),
    ("retention:\n  days: [\n", 3, "not valid YAML"),
    ("redaction:\n  actions:\n    PERSON: hide\n", 3, "redaction.actions.PERSON"),
    ("redaction:\n  actions:\n    person: keep\n", 3, "redaction.actions.person"),
    ("redaction:\n  thresholds:\n    PERSN: 0.4\n", 3, "there is no entity PERSN"),
    ("redaction:\n  thresholds: {PERSON: 4}\n", 2, "redaction.thresholds.PERSON"),
    ("redaction:\n  allow:\n    - Acme\n    - regex: '('\n", 4, "redaction.allow.1.regex"),
    ("redaction:\n  allow:\n    - regex: 'a*'\n", 3, "the empty text matches"),
    ("redaction:\n  deny:\n    - {entity: CODE_NAME}\n", 3, "give either text or regex"),
    ("redaction:\n  teams:\n    a:\n      actions:\n        PERSON: mask\n", 5, "says too much to mask it"),
    (
        "redaction:\n  recognizers:\n    - name: X\n      supported_entity: CODE_NAME\n",
        3,
        "give patterns or a deny_list",
    ),
    ("redaction:\n  default_action: mask\n", 2, "mask is for single entities"),
    ("prices:\n  - model: m\n    since: 2026-13-45\n", 3, "not valid YAML"),
]


@pytest.mark.parametrize(("text", "line", "problem"), WRONG)
def test_an_error_names_the_file_the_line_and_the_place(
    tmp_path: Path, text: str, line: int | None, problem: str
) -> None:
    file = tmp_path / "spanledger.yaml"
    file.write_text(text)
    with pytest.raises(PolicyError) as error:
        load_policy(file)
    assert str(error.value).startswith(f"{file}:{line}:" if line else f"{file}: ")
    assert problem in str(error.value)


def test_every_problem_has_its_own_line(tmp_path: Path) -> None:
    file = tmp_path / "spanledger.yaml"
    file.write_text("retention:\n  days: 3\nruns:\n  closed_after_minutes: 0\n")
    with pytest.raises(PolicyError, match=rf"{file}:2: retention\.days: .*; {file}:4: runs\.closed"):
        load_policy(file)


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_an_error_of_policy(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / "spanledger.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    message = str(file)
    try:
        load_policy(file)
    except PolicyError as error:
        message = str(error)
    assert message.startswith(str(file))


def test_the_entities_are_those_of_the_recognisers() -> None:
    found = {entity for recognizer in registry().recognizers for entity in recognizer.supported_entities}
    assert found <= ENTITIES
    assert SECRETS == FOUND_SECRETS


def test_every_entity_is_explained() -> None:
    text = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text(encoding="utf-8")
    assert {entity for entity in ENTITIES if f"`{entity}`" not in text} == set()


def test_secrets_are_kept_only_where_they_are_named() -> None:
    rules = RedactionRules(default_action="keep")
    assert rules.action("PERSON") == "keep"
    assert {rules.action(entity) for entity in SECRETS} == {"replace"}
    named = RedactionRules(default_action="keep", actions={"PIN": "keep"})
    assert {entity for entity in SECRETS if named.action(entity) == "keep"} == {"PIN"}


def test_what_a_team_does_not_say_is_as_for_everybody() -> None:
    policy = RedactionPolicy(
        actions={"PERSON": "pseudonym", "LOCATION": "keep"},
        thresholds={"PERSON": 0.5},
        teams={"a": RedactionRules(actions={"PERSON": "drop"})},
    )
    rules = policy.for_team("a")
    assert (rules.action("PERSON"), rules.action("LOCATION"), rules.action("US_SSN")) == ("drop", "keep", "replace")
    assert rules.thresholds == {"PERSON": 0.5}
    assert policy.for_team("b").action("PERSON") == "pseudonym"


def test_the_strictest_rules_show_no_more_than_any_team_does() -> None:
    policy = RedactionPolicy(
        actions={"LOCATION": "keep", "PERSON": "keep"},
        thresholds={"PERSON": 0.9, "LOCATION": 0.9},
        teams={
            "a": RedactionRules(actions={"PERSON": "pseudonym"}, thresholds={"PERSON": 0.2}),
            "b": RedactionRules(actions={"PERSON": "drop", "API_KEY": "keep"}, allow=({"text": "Acme"},)),  # type: ignore[arg-type]
        },
    )
    strictest = policy.strictest()
    assert (strictest.action("PERSON"), strictest.action("LOCATION"), strictest.action("API_KEY")) == (
        "drop",
        "keep",
        "replace",
    )
    assert strictest.thresholds == {"PERSON": 0.2, "LOCATION": 0.9}
    assert strictest.allow == ()


def test_the_digest_changes_with_the_section() -> None:
    policies = [RedactionPolicy(), RedactionPolicy(actions={"PERSON": "mask"}), RedactionPolicy(pseudonym_digits=8)]
    assert len({policy.digest for policy in policies}) == 3
