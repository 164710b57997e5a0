"""A store that holds the sample runs, connected to the dashboard."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import sample_runs

from dashboard import connection, viewer
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from schema.span import Span
    from schema.store.store import Store


@dataclass(frozen=True)
class Sample:
    store: Store
    spans: list[Span]

    def run(self, number: int) -> list[Span]:
        return [span for span in self.spans if span.trace_id == sample_runs.trace_of(number)]


@pytest.fixture(autouse=True)
def _viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages without a web layer in front of them be those of a viewer who may read everything."""
    monkeypatch.setattr(viewer, "scope", lambda: EVERYTHING)


@pytest.fixture(scope="module")
def sample(store: Store) -> Sample:
    for table in ("spans", "runs", "logs"):
        store.command(f"TRUNCATE TABLE {table}")
    spans = sample_runs.fill(store, now=time.time_ns(), runs=20)
    connection.connect(store, "http://127.0.0.1:4318")
    return Sample(store, spans)
