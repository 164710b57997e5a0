"""docs/schema.md names every column, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schema.dialects import DIALECTS
from schema.ledger_copy import LEDGER_SCHEMA
from schema.maintenance.drills import DRILL_SCHEMA
from schema.maintenance.purge import PURGE_SCHEMA
from schema.maintenance.removals import REMOVAL_SCHEMA
from schema.runs.rows import RUN_SCHEMA
from schema.span import SPAN_SCHEMA

TEXT = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("spans", SPAN_SCHEMA.names),
        ("runs", RUN_SCHEMA.names),
        ("drills", DRILL_SCHEMA.names),
        ("ledger", LEDGER_SCHEMA.names),
        ("purges", PURGE_SCHEMA.names),
        ("removals", REMOVAL_SCHEMA.names),
    ],
)
def test_every_column_is_explained(table: str, columns: list[str]) -> None:
    section = TEXT.split(f"\n## `{table}`\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == columns


def test_every_dialect_is_a_module_of_its_name() -> None:
    modules = {path.stem for path in (Path(__file__).parents[2] / "schema" / "dialects").glob("*.py")}
    assert {dialect.name for dialect in DIALECTS} == modules - {"__init__", "dialect", "rules"}
