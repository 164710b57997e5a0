"""Purging deletes a person's runs and nothing else, down to the bytes on the disk."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from schema.maintenance.changes import Purged
from schema.maintenance.purge import purge
from schema.runs.recompute import recompute
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from schema.maintenance.changes import Named
    from schema.store.store import Store

NOW = time.time_ns()


def stored(store: Store, *spans: Span) -> None:
    store.insert("spans", to_batch(spans), token=uuid4().hex)
    recompute(store, sorted({span.trace_id for span in spans}))


def span(trace: str, number: int, **fields: str) -> Span:
    retained = NOW // (86_400 * 10**9) + 30
    return Span(
        trace_id=trace, span_id=f"{number:016x}", start_time=NOW, received_at=NOW, retain_until=retained, **fields
    )


def traces(store: Store, table: str) -> set[str]:
    return set(store.query(f"SELECT DISTINCT trace_id FROM {table}").column("trace_id").to_pylist())


@pytest.mark.parametrize(
    ("by", "value", "gone"),
    [("user", "u-1", {"a", "b"}), ("session", "s-1", {"a"}), ("trace", "c", {"c"}), ("user", "u-1' OR 1=1 --", set())],
)
def test_what_is_named_goes_and_nothing_else(empty_store: Store, by: Named, value: str, gone: set[str]) -> None:
    stored(
        empty_store,
        span("a", 1, session_id="s-1"),
        span("a", 2, user_id="u-1"),
        span("b", 3, user_id="u-1", session_id="s-2"),
        span("c", 4, user_id="u-2", session_id="s-2"),
    )
    assert purge(empty_store, by, value, dry_run=True).runs == len(gone)
    assert traces(empty_store, "spans") == {"a", "b", "c"}
    purge(empty_store, by, value)
    for table in ("spans", "runs FINAL"):
        assert traces(empty_store, table) == {"a", "b", "c"} - gone
    kept = empty_store.query("SELECT by, runs FROM purges").to_pylist()
    assert kept == ([{"by": by, "runs": len(gone)}] if gone else [])


def test_what_a_purged_run_was_stitched_to_stays_together(empty_store: Store) -> None:
    stored(empty_store, *(span(trace, 1, session_id="s") for trace in "abc"))
    assert purge(empty_store, "trace", "a") == Purged(1, 1, 0)
    runs = empty_store.query("SELECT trace_id, first_trace_id FROM runs FINAL").to_pylist()
    assert {run["trace_id"] for run in runs} == {"b", "c"}
    assert len({run["first_trace_id"] for run in runs}) == 1


def test_no_byte_is_left_on_the_disk(empty_store: Store) -> None:
    secret = secrets.token_hex(400)  # which no codec makes smaller than it is, nor hides
    stored(empty_store, span("a", 1, user_id="u-1", input=secret), span("b", 2, user_id="u-2"))
    parts = "SELECT sum(data_compressed_bytes) AS n FROM system.parts WHERE table = 'spans' AND active"
    before = empty_store.query(parts).to_pylist()[0]["n"]
    purge(empty_store, "user", "u-1")
    assert before - empty_store.query(parts).to_pylist()[0]["n"] > 300
