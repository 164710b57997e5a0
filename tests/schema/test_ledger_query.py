"""The ledger in the store: the newest word of each collector, added up, and whether it adds up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
from ledger_entries import entry, insert_ledger

from schema.ledger_copy import LEDGER_SCHEMA
from schema.ledger_lines import total
from schema.queries.ledger import lines
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from schema.store.store import Store

NOW = 1_795_325_000
END = datetime.fromtimestamp(NOW, UTC)
START = END - timedelta(days=1)


def test_the_newest_word_of_each_collector_counts(empty_store: Store) -> None:
    insert_ledger(empty_store, NOW)
    payments, support = lines(empty_store, EVERYTHING, START, END)
    assert (payments.key_name, payments.accepted_spans, payments.stored_spans) == ("payments", 1500, 1300)
    assert (payments.received_spans, payments.unredacted_spans, payments.missing_spans) == (1540, 2, 0)
    assert (support.rejected_requests, support.rejected_spans) == ({"bad_request": 3}, {"invalid_ids": 5})
    assert [line.signal for line in lines(empty_store, EVERYTHING, START, END, by="signal")] == ["traces"]
    assert [(line.minute, line.key_name) for line in lines(empty_store, EVERYTHING, START, END, by="minute")] == [
        (END.replace(second=0) - timedelta(minutes=30), name) for name in ("payments", "support")
    ]
    assert lines(empty_store, EVERYTHING, START - timedelta(days=9), START) == []


def test_what_does_not_add_up_is_said(empty_store: Store) -> None:
    wrong = entry("one", 1, "payments", NOW - 600, version=1, accepted=100, stored=70)
    batch = pa.RecordBatch.from_pylist([wrong], schema=LEDGER_SCHEMA)
    empty_store.insert("ledger", batch, token="wrong")
    whole = total(lines(empty_store, EVERYTHING, START, END))
    assert whole.verdict == (
        "It does not add up: 100 accepted, but 70 stored + 0 waiting + 0 quarantined;"
        " 30 spans in 3 requests are missing."
    )


def test_the_table_has_the_columns_that_are_inserted(empty_store: Store) -> None:
    columns = empty_store.query(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'ledger'"
    )
    assert columns.column("name").to_pylist() == LEDGER_SCHEMA.names
