"""Redacted spans of runs of three teams, always the same, for tests of the dashboard."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from schema.normalise.logs import LOG_SCHEMA
from schema.runs.recompute import recompute
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOSTILE = '<img src=x onerror="window.hacked=1"> </script><script>window.hacked=1</script> [x](javascript:alert(1))'
NO_PRICE_MODEL = "in-house-7b"
PAYMENTS_RUN, HOSTILE_RUN, CLOSED_RUN, ARRIVING_RUN, EVALUATED_RUN, LARGE_RUN = 57, 60, 61, 64, 74, 900
"""Numbers of runs that the dashboard of tests/e2e shows (serve_dashboard.py)."""
NOW = 1_800_000_000 * SECOND  # any time: texts and figures of the sample do not depend on it
PRICES = {"gpt-5-mini": (Decimal("0.25"), Decimal(2)), "claude-sonnet-4-5": (Decimal(3), Decimal(15))}

_WORKFLOWS = (
    ("support", "answer-ticket", "gpt-5-mini"),
    ("support", "triage", "claude-sonnet-4-5"),
    ("payments", "refund", "claude-sonnet-4-5"),
    ("payments", "dispute-letter", "gpt-5-mini"),
    ("research", "weekly-report", NO_PRICE_MODEL),
)
_OUTCOMES = ("success", "success", "failure", "success", "escalated", "")


def identifier(name: str, digits: int) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:digits]


def trace_of(number: int) -> str:
    return identifier(f"run {number}", 32)


def messages(*pairs: tuple[str, str]) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in pairs])


def _preview(text: str) -> str:
    try:
        content = json.loads(text)[-1]["parts"][0]["content"]
    except (ValueError, KeyError, TypeError, IndexError):
        content = text
    return str(content)[:200]


class _Run:
    """Collects the spans of one run."""

    def __init__(self, number: int, start: int) -> None:
        team, workflow, self.model = _WORKFLOWS[number % len(_WORKFLOWS)]
        self.start = start
        self.spans: list[Span] = []
        self.labels: dict[str, Any] = {
            "team": team,
            "workflow": workflow,
            "workflow_version": f"1.{number % 3}",
            "service_name": f"{team}-agent",
            "environment": "production",
            "trace_id": trace_of(number),
            "session_id": f"session-{number // 3}",
            "dialect": "otel",
            "received_at": start + MINUTE,
            "retain_until": (start // (24 * 3600 * SECOND)) + 90,
            "resource_attributes": {"service.name": f"{team}-agent", "telemetry.sdk.language": "python"},
        }

    def add(self, name: str, parent: Span | None, at: int, long: int, **more: Any) -> Span:
        span_id = identifier(f"{self.labels['trace_id']} {len(self.spans)}", 16)
        parent_id = parent.span_id if parent else ""
        more.setdefault("status", "ok")
        span = Span(
            **self.labels, name=name, span_id=span_id, parent_span_id=parent_id, start_time=self.start + at,
            duration_ns=long, **more,
        )  # fmt: skip
        span.input_preview, span.output_preview = _preview(span.input), _preview(span.output)
        self.spans.append(span)
        return span

    def call(self, parent: Span, at: int, long: int, tokens: tuple[int, int], **more: Any) -> Span:
        price = PRICES.get(self.model)
        cost = None if price is None else (price[0] * tokens[0] + price[1] * tokens[1]) / 1_000_000
        return self.add(
            f"chat {self.model}", parent, at, long, kind="llm", model=self.model, provider="sample",
            input_tokens=tokens[0], output_tokens=tokens[1], cached_input_tokens=tokens[0] // 4, cost_usd=cost,
            cost_source="genai-prices sample" if price else "", **more,
        )  # fmt: skip


def run(number: int, start: int) -> list[Span]:
    """Return one run: a root, a guardrail, model calls and tools. Its number determines its length and outcome."""
    made = _Run(number, start)
    question = f"Where is order {4000 + number}? I am <PERSON>."
    outcome = _OUTCOMES[number % len(_OUTCOMES)]
    rounds = 2 + number % 3
    root = made.add(
        f"{made.labels['workflow']} agent", None, 0, (rounds * 900 + 300 + number * 7) * MS, kind="agent",
        outcome=outcome, status="error" if outcome == "failure" else "ok", input=messages(("user", question)),
        output=messages(("assistant", f"Order {4000 + number} arrives tomorrow.")), findings={"PERSON": 1},
    )  # fmt: skip
    made.add("check input", root, 10 * MS, 40 * MS, kind="guardrail", policy_name="no-pii", policy_decision="allow")
    history = [("system", "You are a patient support agent."), ("user", question)]
    for turn in range(rounds):
        at = (60 + turn * 900) * MS
        answer = f"I look order {4000 + number} up (turn {turn + 1})."
        made.call(
            root, at, (420 + 13 * number % 90) * MS, (800 + 150 * turn + number, 60 + turn),
            input=messages(*history), output=messages(("assistant", answer)),
            attributes={"gen_ai.request.temperature": "0.2"},
        )  # fmt: skip
        history.append(("assistant", answer))
        failed = outcome == "failure" and turn == rounds - 1
        tool = made.add(
            f"lookup_order {turn + 1}", root, at + 520 * MS, (300 + number % 40) * MS, kind="tool",
            tool_name="lookup_order", status="error" if failed else "ok", error_type="TimeoutError" if failed else "",
            status_message="the order service did not answer in 300 ms" if failed else "",
            input=json.dumps({"order": 4000 + number}), output="" if failed else json.dumps({"state": "on its way"}),
        )  # fmt: skip
        made.add("GET /orders", tool, at + 560 * MS, 200 * MS, kind="other")
    made.add("search policies", root, 150 * MS, 320 * MS, kind="retrieval", output='["Returns within 30 days"]')
    return made.spans


def evaluated_run(number: int, start: int) -> list[Span]:
    """Return a run with tools offered to the model, and with an answer that an evaluator rated low."""
    made = _Run(number, start)
    root = made.add("answer agent", None, 0, 900 * MS, kind="agent", output=messages(("assistant", "Tomorrow.")))
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}}
    offered = [
        {"type": "tool_definition", "name": "lookup_order", "description": "Looks an order up.", "parameters": schema},
        {"type": "tool_definition", "name": HOSTILE, "description": HOSTILE, "parameters": None},
    ]
    opening = {"role": "system", "parts": [{"type": "text", "content": "You are a patient support agent."}, *offered]}
    talk: list[dict[str, Any]] = [
        {"role": "user", "parts": [{"type": "text", "content": f"Question {turn}"}]} for turn in range(7)
    ]
    failed = {"is_error": True, "cache_control": {"type": "ephemeral"}}
    talk += [
        {"role": "tool", "parts": [{"type": "tool_result", "id": "c", "content": "No such order.", "extra": failed}]},
        {
            "role": "user",
            "parts": [{"type": "hologram", "content": {"depth": 3}, "extra": {"note": HOSTILE * 2}}],
            "extra": {"channel": "radio"},
        },
    ]
    made.call(root, 10 * MS, 400 * MS, (500, 40), input=json.dumps([opening, *talk]))
    made.add("judge", root, 500 * MS, 100 * MS, kind="evaluator", evaluation="failure")
    return made.spans


def hostile_run(number: int, start: int) -> list[Span]:
    """Return a run with markup and very long names everywhere."""
    made = _Run(number, start)
    root = made.add(HOSTILE, None, 0, 900 * MS, kind="agent", input=HOSTILE, output=messages(("user", HOSTILE)))
    made.add(HOSTILE, root, 100 * MS, 300 * MS, kind="tool", tool_name=HOSTILE, attributes={HOSTILE: HOSTILE})
    made.add("a long name " * 40, root, 450 * MS, 200 * MS, kind="other", status="error", status_message=HOSTILE)
    return made.spans


def incomplete_run(number: int, start: int) -> list[Span]:
    """Return a run without its root."""
    return run(number, start)[1:]


def large_run(number: int, start: int, size: int) -> list[Span]:
    """Return a run of `size` spans: chains of 30 levels, with a model call below every third of them."""
    made = _Run(number, start)
    root = above = made.add("large agent", None, 0, size * 12 * MS, kind="agent")
    for index in range(1, size):
        kind = ("llm", "tool", "retrieval", "other")[index % 4]
        more = {"llm": {"model": NO_PRICE_MODEL, "input_tokens": 7}, "tool": {"tool_name": "work"}}.get(kind, {})
        span = made.add(f"step {index}", above, index * 11 * MS, 9 * MS, kind=kind, **more)
        if kind != "llm":
            above = span if index % 40 != 39 else root
    return made.spans


def fill(store: Store, *, now: int, runs: int = 60) -> list[Span]:
    """Store the sample runs, spread over the day before `now` (ns since the epoch), and return their spans."""
    spans = [span for number in range(runs) for span in run(number, now - (runs - number) * 21 * MINUTE)]
    spans += hostile_run(runs, now - 9 * MINUTE)
    spans += incomplete_run(runs + 1, now - 8 * MINUTE)
    insert(store, spans)
    return spans


def insert(store: Store, spans: list[Span]) -> None:
    """Store spans and recompute their runs."""
    store.insert(
        "spans",
        to_batch(spans),
        token=identifier(f"{spans[0].start_time}" + "".join(span.span_id for span in spans), 32),
    )
    recompute(store, sorted({span.trace_id for span in spans}))


def log_record(trace_id: str, *, at: int, span_id: str = "", **more: Any) -> dict[str, Any]:
    """Return one row of `logs`, written at `at` (ns since the epoch)."""
    attributes = list(more.pop("attributes", {}).items())
    return {
        "team": "support", "service_name": "support-agent", "trace_id": trace_id, "span_id": span_id, "time": at,
        "event_name": "", "severity": "INFO", "body": "", "attributes": attributes, "resource_attributes": [],
        "scope_name": "support.agent", "findings": [], "received_at": at + MINUTE,
        "retain_until": (at // (24 * 3600 * SECOND)) + 90, **more,
    }  # fmt: skip


def insert_logs(store: Store, records: list[dict[str, Any]]) -> None:
    """Store log records."""
    token = identifier("".join(f"{record['trace_id']} {record['time']} {record['body']}" for record in records), 32)
    store.insert("logs", pa.RecordBatch.from_pylist(records, schema=LOG_SCHEMA), token=token)
