"""Backtracking patterns of a policy cost a limited time per text, and the text is removed."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from collector.pipeline.rules_from_policy import rulebook
from redaction.recognizers import user_patterns
from redaction.teams import Owner, TeamRedactor
from redaction.text import Text
from schema.policy.redaction import RedactionPolicy

if TYPE_CHECKING:
    import pytest

    from redaction.text import Redacted

ENDLESS = r"(?:a|aa|aaa)+c"
HARD = "a" * 60


def redactor(**rules: Any) -> TeamRedactor:
    return TeamRedactor(rulebook(RedactionPolicy.model_validate(rules)))


def recognizer(number: int, pattern: str) -> dict[str, Any]:
    patterns = [{"name": f"pattern {number}", "regex": pattern, "score": 0.9}]
    return {"name": f"Recognizer{number}", "supported_entity": f"THING_{number}", "patterns": patterns}


def redact(built: TeamRedactor, *texts: str) -> list[Redacted]:
    return built.redact_many([Text(text, "input.value") for text in texts], [Owner()] * len(texts))


def test_a_pattern_that_never_ends_removes_texts_closed_and_costs_less_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    built = redactor(recognizers=[recognizer(1, ENDLESS)])
    redact(built, "warm")
    with caplog.at_level(logging.WARNING):
        began = time.process_time()
        removed = [redact(built, f"{number} {HARD}")[0].failed for number in range(12)]
        first = time.process_time() - began
        again = [redact(built, f"{number} {HARD}")[0].failed for number in range(12, 24)]
        second = time.process_time() - began - first
    assert all(removed + again)
    assert second < 12 * 5 * user_patterns.LEAST, "each costs next to nothing by then"
    logged = [record.getMessage() for record in caplog.records if record.name == "redaction.recognizers.user_patterns"]
    assert len(logged) == 1, "the problem is logged once"
    assert "pattern 1" in logged[0]
    assert "aaaa" not in caplog.text
    assert not redact(built, "Ordinary text is stored.")[0].failed


def test_many_slow_patterns_have_the_time_of_one_text_together() -> None:
    built = redactor(recognizers=[recognizer(number, rf"(?:a|aa){{{20 + number},60}}c") for number in range(30)])
    redact(built, "warm")
    began = time.process_time()
    redacted = redact(built, f"{HARD} and more")
    assert redacted[0].failed
    assert time.process_time() - began < 5


def test_an_allow_list_that_never_ends_removes_the_text_too() -> None:
    built = redactor(allow=[{"regex": r"(?:[\w.@]|[\w.@]{2})+[!?]"}])
    (redacted,) = redact(built, f"mail {'a' * 40}@example.com")
    assert redacted.failed
