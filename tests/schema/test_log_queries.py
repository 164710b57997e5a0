from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
import sample_runs

from schema.normalise.logs import LOG_SCHEMA
from schema.queries.logs import count_loose_logs, count_span_logs, loose_logs, span_logs
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from schema.store.store import Store

START = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 10**9
TRACE = sample_runs.trace_of(1)
TEAM = "support"  # of that run, and of its records


@pytest.fixture
def logged(empty_store: Store) -> Store:
    """A run with records of its root, of a span that is not stored, and of none."""
    spans = sample_runs.run(1, START)
    sample_runs.insert(empty_store, spans)
    records = [
        sample_runs.log_record(TRACE, at=START + sample_runs.SECOND, span_id=spans[0].span_id, body="of the root"),
        sample_runs.log_record(TRACE, at=START + 3, span_id="", body="of none"),
        sample_runs.log_record(TRACE, at=START + 2, span_id="f" * 16, body="of a span that never came"),
        sample_runs.log_record(sample_runs.trace_of(2), at=START, span_id="", body="of another run"),
    ]
    sample_runs.insert_logs(empty_store, records)
    return empty_store


def test_records_of_a_span_are_apart_from_those_without_one(logged: Store) -> None:
    root = sample_runs.run(1, START)[0].span_id
    own = span_logs(logged, EVERYTHING, TRACE, TEAM, root, limit=10)
    assert (own.rows.column("body").to_pylist(), own.total) == (["of the root"], 1)
    assert own.rows.column("at_ns").to_pylist() == [sample_runs.SECOND]
    loose = loose_logs(logged, EVERYTHING, TRACE, TEAM, limit=10)
    assert (loose.rows.column("body").to_pylist(), loose.total) == (["of a span that never came", "of none"], 2)
    assert loose.rows.column("time").to_pylist()[0] == "2026-11-20 12:00:00.000000002"
    assert (
        count_span_logs(logged, EVERYTHING, TRACE, TEAM, root),
        count_loose_logs(logged, EVERYTHING, TRACE, TEAM),
    ) == (1, 2)


def test_pages_hold_every_record_once_in_the_order_in_which_they_were_written(empty_store: Store) -> None:
    records = [
        # Claude Code numbers its records; their clock ticks in milliseconds.
        sample_runs.log_record(TRACE, at=START + 10**6 * (n // 10), body=f"{n}", attributes={"event.sequence": str(n)})
        for n in range(250)
    ]
    sample_runs.insert_logs(empty_store, list(reversed(records)))
    pages = [loose_logs(empty_store, EVERYTHING, TRACE, TEAM, limit=100, offset=offset) for offset in (0, 100, 200)]
    assert [page.total for page in pages] == [250, 250, 250]
    bodies = [body for page in pages for body in page.rows.column("body").to_pylist()]
    assert bodies == [str(n) for n in range(250)]
    assert set(pages[0].rows.column("at_ns").to_pylist()) == {None}, "no span tells when the run began"


def test_a_record_that_was_sent_twice_is_shown_once(empty_store: Store) -> None:
    for received in (1, 2):
        record = sample_runs.log_record(TRACE, at=START, body="once") | {"received_at": START + received}
        empty_store.insert("logs", pa.RecordBatch.from_pylist([record], schema=LOG_SCHEMA), token=f"{received}")
    assert loose_logs(empty_store, EVERYTHING, TRACE, TEAM, limit=10).total == 1
