"""Two teams with an ingest key each: beta's agent run, and requests of alpha that aim at beta's trace."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from otlp_requests import key_values, request, span_id

from collector.keys.ingest_keys import IngestKeys
from schema.policy.policy import IngestKey, Policy

if TYPE_CHECKING:
    from collector.otlp.messages import ExportRequest

BETA_TRACE, ALPHA_TRACE = bytes([0xBE] * 16), bytes([0xA1] * 16)
ROOT, CALL, TOOL, GONE, OWN = 1, 2, 3, 9, 50  # span ids; GONE is the missing parent of beta's root
SECRETS = {"alpha": "key-of-alpha", "beta": "key-of-beta", "nobody": "key-of-nobody"}
POLICY = Policy(
    ingest_keys=tuple(
        IngestKey(name=name, sha256=hashlib.sha256(secret.encode()).hexdigest(), team="" if name == "nobody" else name)
        for name, secret in SECRETS.items()
    )
)
_KEYS = {key.name: key for key in POLICY.ingest_keys}
_AGENT = {"gen_ai.operation.name": "invoke_agent"}
_MINE = {"spanledger.workflow": "refunds", "session.id": "beta-session", "user.id": "u-beta"}


def stamped(name: str, body: ExportRequest) -> ExportRequest:
    """Return the request as the receiver stamps it for this key."""
    copy = type(body)()
    copy.CopyFrom(body)
    IngestKeys(POLICY).stamp(_KEYS[name], copy)
    return copy


def call(text: str, cost: float, **more: Any) -> dict[str, Any]:
    """Return the attributes of a model call with a cost."""
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": text}]}]
    named = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "own", "gen_ai.request.model": "own-7b"}
    usage = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10, "gen_ai.usage.cost": cost}
    return {**named, **usage, "gen_ai.output.messages": json.dumps(answer), **more}


def spans(*given: dict[str, Any], start: int, trace: bytes = BETA_TRACE) -> ExportRequest:
    """Return a request of spans that begin `start` ns plus their `at`."""
    placed = [
        {"trace": trace, "start": start + one.get("at", 0), "end": start + one.get("at", 0) + one.get("long", 10**9)}
        | one
        for one in given
    ]
    return request(*placed, resource={"service.name": "agent"})


def logs(*records: tuple[int, str, dict[str, Any], object], start: int) -> ExportRequest:
    """Return a request of log records: span id, event name, attributes, body."""
    built = ExportLogsServiceRequest()
    envelope = built.resource_logs.add()
    envelope.resource.attributes.extend(key_values({"service.name": "agent"}))
    for number, event_name, attributes, body in records:
        record = envelope.scope_logs.add().log_records.add(trace_id=BETA_TRACE, time_unix_nano=start + 5)
        record.span_id = span_id(number) if number else b""
        record.event_name = event_name
        record.attributes.extend(key_values(attributes))
        record.body.string_value = body if isinstance(body, str) else json.dumps(body)
    return built


def beta(start: int) -> list[ExportRequest]:
    """Return the requests of beta's agent: an agent, a model call, a tool, and log records."""
    root = {"id": ROOT, "parent": GONE, "name": "beta agent", "attributes": _AGENT | _MINE, "long": 5 * 10**9}
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup"}
    return [
        spans({"id": CALL, "parent": ROOT, "at": 10, "attributes": call("beta's answer", 0.25)}, start=start),
        spans(root, start=start),
        spans({"id": TOOL, "parent": ROOT, "at": 20, "attributes": tool}, start=start),
        logs(
            (CALL, "gen_ai.user.message", {}, {"content": "beta's question"}),
            (
                CALL,
                "gen_ai.evaluation.result",
                {"gen_ai.evaluation.name": "ok", "gen_ai.evaluation.score.label": "pass"},
                "",
            ),
            (0, "beta.note", {}, "a note of beta"),
            start=start,
        ),
        spans(
            {"id": OWN, "attributes": _AGENT | _MINE, "name": "beta again", "at": 10**10},
            start=start,
            trace=bytes([0xBF] * 16),
        ),
    ]


def attacks(start: int) -> dict[str, ExportRequest]:
    """Return alpha's requests against beta's trace; alpha knows every id in it."""
    dear = call("alpha's text", 75.0, **{"spanledger.outcome": "failure", "user.id": "u-alpha"})
    names = {"spanledger.team": "beta", "team": "beta", "spanledger.workflow": "alpha's", "session.id": "beta-session"}
    root = {"attributes": _AGENT | names | {"spanledger.outcome": "failure"}, "status": 2, "name": "alpha agent"}
    label = {"gen_ai.evaluation.name": "ok", "gen_ai.evaluation.score.label": "fail"}
    metrics = ExportMetricsServiceRequest()
    point = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="cost").sum.data_points.add()
    point.attributes.extend(key_values(names | {"trace_id": BETA_TRACE.hex(), "session.id": "beta-session"}))
    point.as_double = 75.0
    return {
        "child of the call": spans({"id": 20, "parent": CALL, "at": 11, "attributes": dear}, start=start),
        "child of the root": spans({"id": 21, "parent": ROOT, "at": 12, "attributes": dear | names}, start=start),
        "root": spans({"id": 22, **root}, start=start),
        "earlier root": spans({"id": 23, "at": -(10**12), "long": 10**13, **root}, start=start),
        "later span": spans({"id": 24, "parent": ROOT, "at": 10**13, "attributes": dear}, start=start),
        "parent that never came": spans({"id": GONE, "at": -5, **root}, start=start),
        "copy of the root": spans({"id": ROOT, **root}, start=start),
        "copy of the call": spans({"id": CALL, "parent": ROOT, "at": 10, "attributes": dear}, start=start),
        "copy of the call above it": spans({"id": CALL, "parent": 20, "at": 1, "attributes": dear}, start=start),
        "same tool call": spans(
            {"id": 25, "parent": ROOT, "at": 19, "long": 10**10, "scope": "other", "attributes": {
                "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup"}},
            start=start,
        ),
        "link": spans({"id": 26, "attributes": names, "links": [ROOT]}, start=start, trace=ALPHA_TRACE),
        "session": spans({"id": 27, "attributes": _AGENT | names}, start=start, trace=bytes([0x01] * 16)),
        "records": logs(
            (CALL, "gen_ai.user.message", names, {"content": "alpha's question, which is longer than beta's"}),
            (CALL, "gen_ai.choice", {}, {"message": "alpha's answer, which is longer than beta's"}),
            (CALL, "gen_ai.evaluation.result", label | names, ""),
            (0, "gen_ai.evaluation.result", label, ""),
            (ROOT, "claude_code.api_request", {"cost_usd": "75", "model": "own-7b", "spanledger.team": "beta"}, "x"),
            (0, "alpha.note", {}, "write to jane@example.com"),
            start=start,
        ),
        "metric": metrics,
    }  # fmt: skip
