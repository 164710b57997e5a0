from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from schema.queries.timeline import steps


def tree_of(*rows: dict[str, object]) -> pa.Table:
    defaults = {"kind": "llm", "status": "ok", "input_tokens": None, "output_tokens": None, "cost_usd": None}
    defaults["unpriced_reason"] = ""
    return pa.Table.from_pylist([defaults | row for row in rows])


def test_parents_start_before_and_end_after_their_children_even_at_the_same_instant() -> None:
    tree = tree_of(
        {"span_id": "root", "depth": 0, "end": 3, "start_ns": 0, "duration_ns": 10},
        {"span_id": "call", "depth": 1, "end": 2, "start_ns": 0, "duration_ns": 4},
        {"span_id": "tool", "depth": 1, "end": 3, "start_ns": 5, "duration_ns": 5},
    )
    assert [(step.span_id, step.event, step.at_ns) for step in steps(tree, [])] == [
        ("root", "start", 0),
        ("call", "end", 4),
        ("tool", "end", 10),
        ("root", "end", 10),
    ]


def test_a_call_answers_before_the_tool_that_it_asked_for_starts() -> None:
    tree = tree_of(
        {"span_id": "root", "depth": 0, "end": 4, "start_ns": 0, "duration_ns": 20},
        {"span_id": "call", "depth": 1, "end": 2, "start_ns": 0, "duration_ns": 5},
        {"span_id": "tool", "depth": 1, "end": 4, "start_ns": 5, "duration_ns": 0},
        {"span_id": "inner", "depth": 2, "end": 4, "start_ns": 5, "duration_ns": 0},
    )
    assert [(step.span_id, step.event) for step in steps(tree, [])] == [
        ("root", "start"),
        ("call", "end"),
        ("tool", "start"),
        ("inner", "end"),
        ("tool", "end"),
        ("root", "end"),
    ]


def test_sums_grow_with_the_calls_that_count_and_stay_unknown_before() -> None:
    call = {"depth": 0, "duration_ns": 1, "input_tokens": 10}
    tree = tree_of(
        {"span_id": "note", "depth": 0, "end": 1, "start_ns": 0, "duration_ns": 1},
        {"span_id": "first", "end": 2, "start_ns": 1, "cost_usd": Decimal("0.5")} | call,
        {"span_id": "unpriced", "end": 3, "start_ns": 2} | call,
        {"span_id": "wrapper", "end": 4, "start_ns": 3, "cost_usd": Decimal(9)} | call,
    )
    done = steps(tree, ["first", "unpriced"])
    assert [step.cost_usd for step in done] == [None, Decimal("0.5"), Decimal("0.5"), Decimal("0.5")]
    assert [step.input_tokens for step in done] == [None, 10, 20, 20]
    assert [step.unpriced_calls for step in done] == [0, 0, 1, 1]
    assert done[-1].output_tokens is None


def test_a_run_without_spans_has_no_steps() -> None:
    columns = (
        "span_id",
        "depth",
        "end",
        "start_ns",
        "duration_ns",
        "kind",
        "unpriced_reason",
        "status",
        "input_tokens",
        "output_tokens",
        "cost_usd",
    )
    assert steps(pa.table({name: [] for name in columns}), []) == []
