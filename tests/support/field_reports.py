"""Cases made from reports of faults in comparable products.

A case of spans has request bodies, and queries with their expected first row. A case of texts has the parts that
redaction must remove and those that it must keep. `{"any": [...]}` lists answers that are equally right.
"""

from __future__ import annotations

import json
import time
from itertools import count, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from collector.keys.ingest_keys import ANYONE_MAY_SEND, IngestKeys
from collector.otlp.refusals import RefusedError
from collector.receivers.accept import Body, accept
from redaction.teams import Owner
from redaction.text import Text
from schema.policy.policy import Policy
from schema.runs.refresh import refresh_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from collector.otlp.messages import Encoding
    from collector.pipeline.pipeline import Pipeline
    from schema.store.store import Store

DATA = Path(__file__).parent.parent / "data"
TOLERANCE = 1e-8
"""Difference between two numbers that count as equal, where a check sets no other."""
_ENCODINGS: dict[str, Encoding] = {".json": "json", ".pb": "protobuf"}
_MOST_BYTES = 2**20


class Case:
    """One report."""

    def __init__(self, folder: Path, fields: dict[str, Any]) -> None:
        self.name: str = fields["name"]
        self.about: str = fields["about"]
        self.source: str = fields["source"]
        self.status: object = fields.get("status", 200)
        self.bodies = [folder / "inputs" / name for name in fields.get("inputs", ())]
        self.checks: list[dict[str, Any]] = fields.get("checks", [])
        self.texts: list[dict[str, Any]] = fields.get("texts", [])


def cases() -> list[Case]:
    """Return the cases of all folders."""
    return [
        Case(folder, fields)
        for folder in (DATA / "reports", DATA / "field_reports")
        for fields in json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    ]


def send(every: Sequence[Case], store: Store, pipeline: Pipeline) -> dict[str, list[int | Exception]]:
    """Send the first bodies of all cases, then the second ones; return each status or error, by case."""
    given: dict[str, list[int | Exception]] = {case.name: [] for case in every}
    received_at = count(time.time_ns())
    for step in zip_longest(*([(case, body) for body in case.bodies] for case in every)):
        batches = []
        for case, body in filter(None, step):
            try:
                batches += _rows(body, pipeline, next(received_at))
                given[case.name].append(200)
            except RefusedError as refused:
                given[case.name].append(refused.http_status)
            except Exception as error:  # noqa: BLE001 - only the test of this case fails
                given[case.name].append(error)
        (rows,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
        store.insert("spans", rows, token=uuid4().hex)
        refresh_runs(store, set(rows.column("trace_id").to_pylist()), Policy())
    return given


def _rows(body: Path, pipeline: Pipeline, received_at: int) -> Iterator[pa.RecordBatch]:
    sent = Body("traces", body.read_bytes(), _ENCODINGS[body.suffix], "identity", "127.0.0.1")
    accepted = accept(sent, IngestKeys(Policy()), ANYONE_MAY_SEND, _MOST_BYTES).incoming
    if accepted is not None:
        yield pipeline.process("traces", accepted.body, received_at=received_at).rows


def first_row(store: Store, statement: str) -> object:
    """Return the first row: its value if it has one column, else the list of them; None if there is no row."""
    rows = store.query_read_only(statement).to_pylist()
    values = list(rows[0].values()) if rows else [None]
    return values[0] if len(values) == 1 else values


def redact(every: Iterable[Case], pipeline: Pipeline) -> dict[str, list[str]]:
    """Redact the texts of all cases at once."""
    texts = [(case.name, item["text"]) for case in every for item in case.texts]
    answers = pipeline.redactor.redact_many([Text(text) for _, text in texts], [Owner()] * len(texts))
    found: dict[str, list[str]] = {}
    for (name, _), answer in zip(texts, answers, strict=True):
        found.setdefault(name, []).append(answer.text)
    return found


def agrees(want: object, got: object, tolerance: float = TOLERANCE) -> bool:
    """Compare a wanted value with the one that came; numbers within the tolerance."""
    if isinstance(want, dict):
        return any(agrees(one, got, tolerance) for one in want["any"])
    if isinstance(want, list):
        return isinstance(got, list) and len(want) == len(got) and all(map(agrees, want, got, [tolerance] * len(want)))
    if isinstance(want, bool) or not isinstance(want, int | float):
        return want == got
    return isinstance(got, int | float) and abs(got - want) <= tolerance
