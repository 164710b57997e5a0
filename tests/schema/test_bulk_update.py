"""One light UPDATE for many spans, and nothing of it stays in the store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
import pytest

from schema.span import Span, to_batch
from schema.store.bulk_update import sweep, update_spans
from schema.store.errors import QueryFailedError

if TYPE_CHECKING:
    from schema.store.store import Store

TRACE = "0af7651916cd43dd8448eb211c80319c"


def tables(store: Store) -> set[str]:
    names = store.query("SELECT name FROM system.tables WHERE database = currentDatabase()").column("name")
    return {name for name in names.to_pylist() if name.startswith("span_update")}


def add(store: Store, *span_ids: str) -> None:
    spans = [
        Span(trace_id=TRACE, span_id=each, user_id="u", start_time=time.time_ns(), retain_until=60_000)
        for each in span_ids
    ]
    store.insert("spans", to_batch(spans), token=uuid4().hex)


def new(**values: str) -> pa.Table:
    named = {"user": list(values.values())}
    return pa.table(
        {"trace_id": [TRACE] * len(values), "span_id": list(values), "team": ["unassigned"] * len(values)}
        | {"span_kind": [""] * len(values), "service_name": [""] * len(values)}
        | named
    )


def test_every_copy_of_a_span_gets_its_value_and_no_other_span_does(empty_store: Store) -> None:
    add(empty_store, "a", "a", "b", "c")
    update_spans(empty_store, new(a="Ada", b="Bo"), {"user_id": "concat(user_id, {user})"}, "true", {})
    rows = empty_store.query("SELECT span_id, user_id FROM spans ORDER BY span_id").to_pylist()
    assert [tuple(row.values()) for row in rows] == [("a", "uAda"), ("a", "uAda"), ("b", "uBo"), ("c", "u")]
    assert tables(empty_store) == set()


def test_a_refused_update_leaves_no_table(empty_store: Store) -> None:
    with pytest.raises(QueryFailedError):
        update_spans(empty_store, new(a="Ada"), {"no_such_column": "{user}"}, "true", {})
    assert tables(empty_store) == set()


def test_only_what_nobody_can_be_using_is_swept(empty_store: Store) -> None:
    now = int(time.time())
    old, young = (f"span_update_{at}_{uuid4().hex}" for at in (now - 3_700, now - 3_000))
    others = {young, "span_update_of_somebody", f"span_update_{now - 9_000}_mine"}
    for name in {old, *others}:
        empty_store.command(f"CREATE TABLE {name} (span String, v String) ENGINE = Join(ANY, LEFT, span)")
    try:
        assert sweep(empty_store) == 1
        assert tables(empty_store) == others
        assert sweep(empty_store) == 0
    finally:
        for name in others:
            empty_store.command(f"DROP TABLE {name}")
