"""OTLP requests for tests: small agent runs in the GenAI conventions."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

if TYPE_CHECKING:
    from collections.abc import Iterable


def attributes(values: dict[str, str | int]) -> list[KeyValue]:
    return [
        KeyValue(key=key, value=AnyValue(string_value=value) if isinstance(value, str) else AnyValue(int_value=value))
        for key, value in values.items()
    ]


def run_request(
    prompts: Iterable[str] = ("Where is my parcel?",), team: str = "payments", **resource: str
) -> tuple[bytes, list[str]]:
    """Return the body of one run (an agent and a model call a prompt) and its span ids in hex."""
    request = ExportTraceServiceRequest()
    envelope = request.resource_spans.add()
    envelope.resource.attributes.extend(
        attributes({"service.name": "test-agent", "spanledger.team": team, "spanledger.workflow": "refunds"} | resource)
    )
    spans = envelope.scope_spans.add().spans
    trace_id, now = os.urandom(16), time.time_ns()
    root = spans.add(trace_id=trace_id, span_id=os.urandom(8), name="agent run")
    root.start_time_unix_nano, root.end_time_unix_nano = now - 10**9, now
    root.attributes.extend(attributes({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "refund-agent"}))
    for number, prompt in enumerate(prompts):
        call = spans.add(trace_id=trace_id, span_id=os.urandom(8), parent_span_id=root.span_id, name="chat gpt-4o-mini")
        call.start_time_unix_nano = now - 9 * 10**8 + number
        call.end_time_unix_nano = now - 5 * 10**8
        call.attributes.extend(
            attributes(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.usage.input_tokens": 1000,
                    "gen_ai.usage.output_tokens": 100,
                    "gen_ai.input.messages": f'[{{"role":"user","parts":[{{"type":"text","content":"{prompt}"}}]}}]',
                }
            )
        )
    return request.SerializeToString(), [span.span_id.hex() for span in spans]
