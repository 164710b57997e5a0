"""Faults that were reported of comparable products do not occur here (docs/field-reports.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from field_reports import TOLERANCE, Case, agrees, cases, first_row, redact, send

from collector.pipeline.pipeline import Pipeline
from collector.pipeline.rules_from_policy import build_team_redactor
from schema.policy.policy import Policy
from schema.pricing.prices import Prices
from schema.store.errors import QueryFailedError

if TYPE_CHECKING:
    from schema.store.store import Store

CASES = cases()
DOCUMENT = Path(__file__).parents[2] / "docs" / "field-reports.md"


class Answers(NamedTuple):
    """Answers to all cases, by the name of the case."""

    statuses: dict[str, list[int | Exception]]
    rows: dict[str, list[object]]
    texts: dict[str, list[str]]


@pytest.fixture(scope="module")
def answers(store: Store) -> Answers:
    for table in ("spans", "runs", "logs"):
        store.command(f"TRUNCATE TABLE {table}")
    pipeline = Pipeline(build_team_redactor(Policy(), b""), Policy(), Prices(()))
    sent = send(CASES, store, pipeline)
    rows = {case.name: [_row(store, check["sql"]) for check in case.checks] for case in CASES}
    return Answers(sent, rows, redact(CASES, pipeline))


def _row(store: Store, statement: str) -> object:
    try:
        return first_row(store, statement)
    except QueryFailedError as error:
        return error


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reported_fault_does_not_occur(answers: Answers, case: Case) -> None:
    found: list[tuple[object, object]] = [
        (case.status, status) for status in answers.statuses[case.name] if not agrees(case.status, status)
    ]
    for check, got in zip(case.checks, answers.rows[case.name], strict=True):
        if not agrees(check["want"], got, check.get("tolerance", TOLERANCE)):
            found.append((check["want"], got))
    for item, got in zip(case.texts, answers.texts.get(case.name, []), strict=True):
        left = [part for part in item.get("gone", ()) if part in got]
        lost = [part for part in item.get("keep", ()) if part not in got]
        if left or lost:
            found.append(({"gone": left, "keep": lost}, got))
    assert found == [], f"{case.source}: {case.about}"


def test_every_case_can_fail() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 80
    assert [case.name for case in CASES if not case.texts and not (case.bodies and case.checks)] == []
    assert [case.name for case in CASES for item in case.texts if not item.get("gone") and not item.get("keep")] == []


def test_every_case_has_its_row_in_the_document() -> None:
    rows = [line.split(" | ") for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    documented = {(row[0].strip("| `"), row[1]) for row in rows}
    assert documented == {(case.name, case.source) for case in CASES}
