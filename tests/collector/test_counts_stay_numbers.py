"""No number that a dialect reads, such as tokens or costs, is mistaken for PII."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from any_content import KEYS
from otlp_requests import request

from collector.pipeline.redact import redact_traces
from redaction.teams import Rulebook, TeamRedactor
from schema.dialects import DIALECTS
from schema.pricing.usage import MOST_TOKENS
from schema.pricing.usage_names import SLOTS, TIER

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = (0, 1, 7, 42, 200, 1840, 128_000, 4_155_550_137, MOST_TOKENS, 0.0, 0.0215, 48.85837, 1234.5)
USAGE = sorted(name for name, slot in SLOTS.items() if slot != TIER)
OBJECTS = sorted({key for dialect in DIALECTS for key in dialect.usage})


@pytest.fixture(scope="module")
def redactor() -> Iterator[TeamRedactor]:
    built = TeamRedactor(Rulebook())
    yield built
    built.close()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_under_any_key_of_a_dialect_stays(redactor: TeamRedactor, number: float) -> None:
    export = request({"attributes": dict.fromkeys(KEYS, number)})
    before = export.SerializeToString()
    assert redact_traces(export, redactor, ()) == [{}]
    assert export.SerializeToString() == before
    assert len(KEYS) > 200


def test_the_counts_in_objects_of_usage_stay(redactor: TeamRedactor) -> None:
    counts = dict.fromkeys(USAGE, 4_155_550_137)
    nested = {"usage": counts, "promptTokensDetails": counts, "total": 0.0215}
    attributes = {key: value for key in OBJECTS for value in (json.dumps(nested),)}
    attributes |= {f"{key}.typed": nested for key in OBJECTS}
    export = request({"attributes": attributes})
    before = export.SerializeToString()
    assert redact_traces(export, redactor, ()) == [{}]
    assert export.SerializeToString() == before
    assert {"prompt_tokens", "cache_read", "reasoning"} <= set(USAGE)
