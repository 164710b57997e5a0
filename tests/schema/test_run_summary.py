"""A run's row follows from its spans and facts alone, and fits the table."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from schema.runs.log_facts import RunFacts
from schema.runs.rows import RUN_SCHEMA, RunRow, RunSummary, run_table
from schema.runs.summary import linked_traces, sum_of_known, summarise
from schema.span import RunSpan, Span

TRACE, OTHER = "1" * 32, "2" * 32


def span(span_id: str, parent: str = "", placed_at: str = "start", **more: Any) -> RunSpan:
    defaults: dict[str, Any] = {"trace_id": TRACE, "start_time": 1_000, "duration_ns": 10, "retain_until": 60_000}
    stored = Span(span_id=span_id, parent_span_id=parent, **defaults | more)
    columns = {name: getattr(stored, name) for name in RunSpan._fields if hasattr(stored, name)}
    return RunSpan(**columns, inserted_at=0, placed_at=placed_at)  # type: ignore[arg-type]  # one of three words


def test_the_row_has_every_column_of_the_table_once() -> None:
    of_the_table = {"first_trace_id", "closed", "updated_at", "is_deleted"}
    assert {*RunSummary._fields} | of_the_table == {*RUN_SCHEMA.names}
    assert not of_the_table & {*RunSummary._fields}


def test_rows_become_a_table_in_the_order_and_with_the_types_of_the_schema() -> None:
    summary = summarise([span("a", findings={"PERSON": 2}, cost_usd=Decimal("0.25"), kind="llm", model="m")])
    table = run_table([RunRow(summary, closed=True, updated_at=7, first_trace_id=OTHER)])
    assert table.schema == RUN_SCHEMA
    (row,) = table.drop_columns(["start_time", "updated_at"]).to_pylist()
    assert (row["trace_id"], row["first_trace_id"], row["closed"], row["is_deleted"]) == (TRACE, OTHER, True, 0)
    assert (row["cost_usd"], row["findings"], row["input_tokens"]) == (Decimal("0.25"), [("PERSON", 2)], None)
    assert table.column("start_time").cast(pa.int64()).to_pylist() == [1_000]
    assert run_table([]).schema == RUN_SCHEMA


def test_the_root_names_the_run_and_other_spans_fill_in_what_it_leaves_open() -> None:
    run = summarise(
        [
            span("b", "a", team="t", workflow="late", session_id="s", user_id="u1", output_preview="first"),
            span("a", team="t", name="root", workflow="refunds", user_id="u", start_time=900, duration_ns=500),
            span("c", "a", team="t", outcome="escalated", output_preview="last"),
        ]
    )
    assert (run.root_name, run.workflow, run.session_id, run.user_id) == ("root", "refunds", "s", "u")
    assert (run.start_time, run.duration_ns, run.outcome, run.output_preview) == (900, 500, "escalated", "last")
    assert run.complete
    assert run.key == (TRACE, "t")


@pytest.mark.parametrize(
    ("spans", "start", "duration"),
    [
        ([("start", 900, 100), ("end", 950, 0), ("receipt", 5_000, 0)], 900, 100),
        ([("start", 900, 0), ("end", 950, 0), ("receipt", 100, 0)], 900, 50),
        ([("start", 900, 100), ("end", 800, 0)], 900, 100),
        ([("end", 950, 0), ("end", 970, 0), ("receipt", 5_000, 0)], 950, 0),
        ([("receipt", 5_000, 0), ("receipt", 6_000, 0)], 5_000, 0),
    ],
)
def test_a_run_takes_its_times_from_what_is_known(spans: list[tuple[str, int, int]], start: int, duration: int) -> None:
    run = summarise(
        [span(str(n), placed_at=place, start_time=at, duration_ns=ns) for n, (place, at, ns) in enumerate(spans)]
    )
    assert (run.start_time, run.duration_ns) == (start, duration)


def test_facts_of_log_records_join_those_of_spans() -> None:
    facts = RunFacts({"failure", ""}, Counter({"PERSON": 3}))
    run = summarise([span("a", evaluation="success", findings={"PERSON": 1, "URL": 1})], facts)
    assert (run.outcome, dict(run.findings), run.error) == ("failure", {"PERSON": 4, "URL": 1}, False)
    assert facts.findings == {"PERSON": 3}, "the facts are not changed"


@pytest.mark.parametrize(
    ("values", "total"),
    [([], None), ([None], None), ([None, 0], 0), ([1, None, 2], 3)],
)
def test_a_sum_of_nothing_known_is_unknown(values: list[int | None], total: int | None) -> None:
    assert sum_of_known(values) == total


def test_links_name_other_traces_once() -> None:
    links = json.dumps([{"trace_id": trace} for trace in (OTHER, TRACE, "0" * 32, OTHER)] + ["no link"])
    assert linked_traces([span("a", links=links), span("b", links="[]"), span("c", links="{}")]) == [OTHER]
