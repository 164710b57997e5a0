"""Two spans of a run may share one id, a caller's and a callee's; copies of each are still one span."""

from __future__ import annotations

import random
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from otlp_requests import LLM, PRICES, request

from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.queries.run import load_run, load_span, load_tree
from schema.queries.scope import EVERYTHING
from schema.queries.timeline import steps
from schema.runs.refresh import refresh_runs
from schema.shared_ids import keys_of
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

AT = 1_796_000_000 * 10**9
CLIENT, SERVER = 3, 2
CALL_COST = Decimal("0.0002568")


def spans_of_a_run(trace: bytes) -> list[tuple[str, dict[str, Any]]]:
    """A client and a server that share id 2; each has a child; and a gateway that repeats the call of its client."""

    def span(number: int, parent: int, at: int, kind: int = 1, **attributes: Any) -> dict[str, Any]:
        times = {"start": AT + at, "end": AT + at + 100}
        named = {key.replace("__", "."): value for key, value in attributes.items()}
        return {"trace": trace, "id": number, "parent": parent, "kind": kind, "attributes": named} | times

    tool = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "refund"}
    called = {key.replace(".", "__"): value for key, value in LLM.items()}
    return [
        ("app", span(1, 0, 0, gen_ai__operation__name="invoke_agent")),
        ("app", span(2, 1, 10, CLIENT)),
        ("shop", span(2, 1, 20, SERVER, **tool)),
        ("app", span(3, 2, 30)),
        ("shop", span(4, 2, 40)),
        ("app", span(5, 1, 200, CLIENT, **called)),
        ("gateway", span(5, 1, 210, SERVER, **called)),
    ]


def stored(store: Store, trace: bytes, parts: list[list[tuple[str, dict[str, Any]]]], *, refresh: bool) -> None:
    for part in parts:
        for service, span in part:
            body = request(span, resource={"service.name": service, "spanledger.team": "qa"})
            for each in body.resource_spans[0].scope_spans[0].spans:
                each.kind = span["kind"]
            rows = normalise(body, received_at=time.time_ns(), policy=Policy(), prices=PRICES)
            store.insert("spans", to_batch(rows), token=uuid4().hex)
        if refresh:
            refresh_runs(store, [trace.hex()], Policy())
    refresh_runs(store, [trace.hex()], Policy())


def seen(store: Store, trace: bytes) -> dict[str, Any]:
    run = load_run(store, EVERYTHING, trace.hex())
    assert run is not None
    tree = load_tree(store, EVERYTHING, trace.hex(), "qa").to_pylist()
    table = load_tree(store, EVERYTHING, trace.hex(), "qa")
    last = steps(table, run.call_span_ids)[-1]
    return {
        "run": (run.span_count, run.model_calls, run.tool_calls, run.cost_usd, run.unpriced_calls, run.tools),
        "tree": [(row["span_id"][-3:], row["parent"], row["depth"], row["kind"]) for row in tree],
        "steps": (last.cost_usd, last.unpriced_calls, last.input_tokens),
        "sum": Decimal(
            store.command("SELECT sum(cost_usd) FROM spans WHERE trace_id = {t:String}", {"t": trace.hex()})
        ),
    }


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_copies_give_the_same_run_and_tree(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    trace = uuid4().bytes
    spans = spans_of_a_run(trace)
    if seed:
        chance.shuffle(spans)
    cut = chance.randint(0, len(spans))
    again = chance.sample(spans, 2)  # a time-out: they are sent again
    stored(store, trace, [spans[:cut], spans[cut:]], refresh=bool(seed % 2))
    once = seen(store, trace)
    assert once == {
        "run": (7, 1, 1, CALL_COST, 0, ["refund"]),
        "tree": [
            ("001", -1, 0, "agent"),
            ("002", 0, 1, "other"),
            ("2.1", 1, 2, "tool"),
            ("004", 2, 3, "other"),
            ("003", 1, 2, "other"),
            ("005", 0, 1, "llm"),
            ("5.1", 5, 2, "llm"),
        ],
        "steps": (CALL_COST, 0, 1840),
        "sum": CALL_COST,
    }
    if not seed:
        stored(store, trace, [again], refresh=False)
        found = seen(store, trace)
        assert (found["run"], found["tree"]) == (once["run"], once["tree"])


def test_both_spans_of_an_id_can_be_opened(store: Store) -> None:
    trace = uuid4().bytes
    stored(store, trace, [spans_of_a_run(trace)], refresh=False)
    names = {}
    for key in (f"{2:016x}", f"{2:016x}.1", f"{2:016x}.2"):
        span = load_span(store, EVERYTHING, trace.hex(), key, "qa")
        names[key[16:]] = None if span is None else (span["service_name"], span["span_kind"], span["span_id"][-1])
    assert names == {"": ("app", "client", "2"), ".1": ("shop", "server", "2"), ".2": None}


def test_keys_are_ids_where_none_is_shared() -> None:
    spans = [Span(span_id="a"), Span(span_id="b", parent_span_id="a"), Span(span_id="c", parent_span_id="x")]
    assert keys_of(spans) == [("a", ""), ("b", "a"), ("c", "x")]
    copy = Span(span_id="a", span_kind="client", service_name="s")
    assert keys_of([copy, copy, Span(span_id="b", parent_span_id="a")]) == [("a", ""), ("a", ""), ("b", "a")]
