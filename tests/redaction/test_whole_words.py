"""Each step from a model's stretch to whole words by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redaction.ner import whole_words as steps
from redaction.ner.model import Entity

if TYPE_CHECKING:
    from collections.abc import Callable


def after(step: Callable[[str, Entity], Entity | None], text: str, value: str, label: str) -> str | None:
    """Return what a step makes of `value` in a text, None where it rejects it; label and score must stay."""
    start = text.index(value)
    entity = step(text, Entity(start, start + len(value), label, 0.7))
    if entity is None:
        return None
    assert (entity.label, entity.score) == (label, 0.7)
    return text[entity.start : entity.end]


@pytest.mark.parametrize(
    ("step", "label", "text", "value", "result"),
    [
        (steps.trim, "PERSON", "cc (Ann), bye", "(Ann), ", "Ann"),
        (steps.trim, "PERSON", "cc Ann", "Ann", "Ann"),
        (steps.trim, "PERSON", "a -- b", " -- ", None),
        (steps.grow, "PERSON", "ask Annabel today", "nnab", "Annabel"),
        (steps.grow, "PERSON", "ask Ann-Lee", "Lee", "Lee"),
        (steps.grow, "PERSON", "王小明先生", "小明", "小明"),
        (steps.strip_title, "PERSON", "ask Dr. Okafor", "Dr. Okafor", "Okafor"),
        (steps.strip_title, "PERSON", "ask Drew", "Drew", "Drew"),
        (steps.strip_title, "ADDRESS", "Dr. Okafor Street", "Dr. Okafor Street", "Dr. Okafor Street"),
        (steps.add_elision, "PERSON", "cc D'Angelo", "Angelo", "D'Angelo"),
        (steps.add_elision, "PERSON", "mad'Angelo", "Angelo", "Angelo"),
        (steps.add_elision, "CITY", "L'Aquila", "Aquila", "Aquila"),
        (steps.reject_identifier, "PERSON", "ask Ann", "Ann", "Ann"),
        (steps.reject_identifier, "PERSON", "run parse_2_args", "parse_2_args", None),
        (steps.reject_identifier, "PERSON", "in a2a/router.ts", "router", None),
        (steps.reject_identifier, "PERSON", "it isn't", "isn", None),
        (steps.reject_identifier, "PHONE_NUMBER", "ring 4155550100", "4155550100", "4155550100"),
        (steps.add_tail, "ADDRESS", "Praha, 360 17", "Praha, 360", "Praha, 360 17"),
        (steps.add_tail, "CITY", "Montigny-le-Tilleul", "Montigny", "Montigny-le-Tilleul"),
        (steps.add_tail, "CITY", "Paris-based", "Paris", "Paris"),
        (steps.add_tail, "PERSON", "Anna-Maria", "Anna", "Anna"),
    ],
)
def test_a_step(
    step: Callable[[str, Entity], Entity | None], label: str, text: str, value: str, result: str | None
) -> None:
    assert after(step, text, value, label) == result


def test_the_steps_run_in_this_order() -> None:
    """A title may stand before an elision, and only what is whole is an identifier or has a tail."""
    assert [step.__name__ for step in steps.STEPS] == [
        "trim",
        "grow",
        "strip_title",
        "add_elision",
        "reject_identifier",
        "add_tail",
    ]
    assert after(steps.whole_words, "for (Mme d'Angelo)!", "(Mme d'Angel", "PERSON") == "d'Angelo"


def test_a_rejected_entity_goes_through_no_other_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str, entity: Entity) -> Entity:
        raise AssertionError((text, entity))

    monkeypatch.setattr(steps, "STEPS", (steps.trim, fail))
    assert after(steps.whole_words, "a -- b", " -- ", "PERSON") is None
