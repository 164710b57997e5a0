"""Texts that were written and labelled by hand, without knowledge of the rules, the training or its templates.

Developers of redaction may read `open.jsonl`. They do not read the texts of `blind.jsonl` or their results: its figures
show how redaction works on texts that it was not developed on. Towns without an address are not labelled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.labelled import score
from redaction.text import Text

if TYPE_CHECKING:
    from redaction.redactor import Redactor

SETS = Path(__file__).parents[1] / "data" / "redaction"


@pytest.mark.parametrize(
    ("name", "any_of", "every", "precision"), [("open", 0.955, 0.945, 0.74), ("blind", 0.95, 0.945, 0.765)]
)
def test_found_and_missed_in_texts_of_other_authors(
    redactor: Redactor, name: str, any_of: float, every: float, precision: float
) -> None:
    rows = [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    scored = score(rows, redactor.redact_many([Text(row["text"]) for row in rows]))
    assert scored.wanted > 200
    assert scored.any_of >= any_of
    assert scored.every >= every
    assert scored.precision >= precision
