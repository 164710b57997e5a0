"""The steps of a run, in the order in which they happened: what replay plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from schema.shared_ids import id_of

if TYPE_CHECKING:
    from decimal import Decimal

    import pyarrow as pa

_CALLS: Final = frozenset({"llm", "embedding"})
_FRAMES: Final = frozenset({"agent", "workflow"})  # what they report was spent, even where they failed in the end


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a run: a span starts or ends. The sums are of the model calls that have ended by now."""

    row: int  # of the span in the tree
    span_id: str  # its key in the tree
    event: Literal["start", "end"]
    at_ns: int  # from the start of the run
    input_tokens: int | None  # None while nothing is known
    output_tokens: int | None
    cost_usd: Decimal | None
    unpriced_calls: int


def steps(tree: pa.Table, call_span_ids: list[str]) -> list[Step]:
    """Return the steps of a run from its tree (schema.queries.run.load_tree) and the model calls that count.

    A span without children is one step, at its end, when its result is known; one with children is two: it starts
    before its children and ends after them. At the same instant what was under way ends, then others start (a call
    answers before the tool that it asked for runs), a parent before and after its children.
    """
    columns = {name: tree.column(name).to_pylist() for name in tree.column_names}
    counted = set(call_span_ids)
    moments: list[tuple[int, int, int, Literal["start", "end"]]] = []  # time, turn at that time, rank, event
    for row, (start, duration) in enumerate(zip(columns["start_ns"], columns["duration_ns"], strict=True)):
        if columns["end"][row] > row + 1:
            moments.append((start, 1, row, "start"))
        moments.append((start + duration, 0 if duration else 2, -row, "end"))
    moments.sort()
    tokens: dict[str, int | None] = {"input_tokens": None, "output_tokens": None}
    cost: Decimal | None = None
    unpriced = 0
    result = []
    for at, _, rank, event in moments:
        row = abs(rank)
        kind = columns["kind"][row]
        paid = kind in _FRAMES or (kind in _CALLS and columns["status"][row] != "error")
        paid = paid and not columns["unpriced_reason"][row].startswith("counted ")
        if event == "end" and id_of(columns["span_id"][row]) in counted and paid:
            for name, sum_so_far in tokens.items():
                known = columns[name][row]
                tokens[name] = sum_so_far if known is None else (sum_so_far or 0) + known
            price = columns["cost_usd"][row]
            cost = cost if price is None else (price if cost is None else cost + price)
            unpriced += price is None
        spent = tokens["input_tokens"], tokens["output_tokens"]
        result.append(Step(row, columns["span_id"][row], event, at, *spent, cost, unpriced))
    return result
