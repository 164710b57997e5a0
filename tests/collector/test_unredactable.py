"""A text that cannot be redacted is removed completely, stored as a marker, and counted in the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
from instance import Instance, command
from otlp_requests import request

from redaction.anonymizer.operators import UNREDACTED_CONTENT_REMOVED
from redaction.redactor import Limits
from redaction.text import UNREDACTABLE

if TYPE_CHECKING:
    from pathlib import Path

WORD = "Marjolein "
REMOVED = {UNREDACTABLE: 1}


def test_what_a_worker_cannot_redact_is_removed_and_counted_all_the_way(tmp_path: Path) -> None:
    too_long = WORD * (Limits().characters // len(WORD) + 1)
    body = request(
        {"attributes": {"input.value": too_long}},
        {"attributes": {"input.value": "short", "output.value": too_long}},
        {"attributes": {"input.value": "short"}},
    )
    instance = Instance(tmp_path / "data").start("collect")
    try:
        assert instance.send(body.SerializeToString()).status_code == 200
        instance.settled()
        rows = instance.sql("SELECT input, output, findings FROM spans ORDER BY span_id")
        assert rows == [
            {"input": UNREDACTED_CONTENT_REMOVED, "output": "", "findings": REMOVED},
            {"input": "short", "output": UNREDACTED_CONTENT_REMOVED, "findings": REMOVED},
            {"input": "short", "output": "", "findings": {}},
        ]
        assert WORD.strip() not in str(instance.sql("SELECT toString(tuple(*)) AS row FROM spans"))
        done = command(instance.data_dir, "ledger", "--format", "json")
        (line,) = json.loads(done.stdout)
        assert (line["stored"], line["unredacted"]) == (3, 2)
        assert instance.sql("SELECT unredacted_spans FROM ledger FINAL") == [{"unredacted_spans": 2}]
        metrics = httpx.get(f"{instance.endpoints['otlp_http']}/metrics", trust_env=False).text
        assert 'spanledger_unredacted_spans_total{key="open",signal="traces"} 2.0\n' in metrics
    finally:
        instance.stop()
