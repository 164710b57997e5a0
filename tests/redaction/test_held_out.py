"""Texts that were written and labelled by hand by somebody who knew nothing of the rules, the recipe or its templates.

`open.jsonl` may be looked at, text by text. Of `blind.jsonl` nobody who works on redaction looks at a text or at what
became of it: its figures say how redaction does on what it was not made for. Towns that stand alone are not labelled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from redaction.text import Text

if TYPE_CHECKING:
    from redaction.redactor import Redactor

SETS = Path(__file__).parents[1] / "data" / "redaction"


@pytest.mark.parametrize(
    ("name", "any_of", "every", "precision"), [("open", 0.955, 0.945, 0.71), ("blind", 0.95, 0.945, 0.75)]
)
def test_what_is_found_in_text_that_nobody_had_in_mind(
    redactor: Redactor, name: str, any_of: float, every: float, precision: float
) -> None:
    rows = [json.loads(line) for line in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    wanted = touched = whole = found = right = 0
    for row, redacted in zip(rows, redactor.redact_many([Text(row["text"]) for row in rows]), strict=True):
        text = row["text"]
        covered, labelled = bytearray(len(text)), bytearray(len(text))
        for finding in redacted.findings:
            covered[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
        for start, end, _ in row["spans"]:
            labelled[start:end] = b"\1" * (end - start)
            hits = [covered[index] for index in range(start, end) if text[index].isalnum()]
            wanted, touched, whole = wanted + 1, touched + any(hits), whole + all(hits)
        found += len(redacted.findings)
        right += sum(any(labelled[finding.start : finding.end]) for finding in redacted.findings)
    assert wanted > 200
    assert touched / wanted >= any_of
    assert whole / wanted >= every
    assert right / found >= precision
