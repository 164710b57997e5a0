"""From the bytes of one request to rows for the store: decode, redact, normalise, price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.pipeline.redact import redact_logs, redact_metrics, redact_traces
from schema.normalise.logs import log_batch
from schema.normalise.metrics import point_batch
from schema.normalise.traces import normalise
from schema.span import to_batch

if TYPE_CHECKING:
    import pyarrow as pa

    from collector.otlp.messages import ExportRequest
    from collector.spool.spool import Signal
    from redaction.teams import TeamRedactor
    from schema.policy.policy import Policy
    from schema.pricing.prices import Prices


_WARM_UP = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": "10",
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Jane Doe asked at 10:30."}]}]',
}


class Processed(NamedTuple):
    """What became of a request: the same request redacted, in which no raw text is left, and its rows for the store."""

    request: ExportRequest
    rows: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything that a worker needs to turn requests into rows."""

    redactor: TeamRedactor
    policy: Policy
    prices: Prices

    def warm_up(self) -> None:
        """Send one made-up model call through, so that the first real one does not wait for what is loaded late."""
        request = ExportTraceServiceRequest()
        span = request.resource_spans.add().scope_spans.add().spans.add(name="chat")
        for key, value in _WARM_UP.items():
            span.attributes.add(key=key).value.string_value = value
        self.process("traces", request.SerializeToString(), received_at=0)

    def process(self, signal: Signal, body: bytes, *, received_at: int) -> Processed:
        """Decode one protobuf request, redact it, and make its rows; `received_at` is ns. Raises DecodeError."""
        keys = self.policy.attributes.team
        if signal == "traces":
            traces = ExportTraceServiceRequest.FromString(body)
            findings = redact_traces(traces, self.redactor, keys)
            spans = normalise(traces, received_at=received_at, policy=self.policy, prices=self.prices)
            for span, found in zip(spans, findings, strict=True):
                span.findings = found
                span.redaction_version = self.redactor.rulebook.version
            return Processed(traces, to_batch(spans))
        if signal == "logs":
            logs = ExportLogsServiceRequest.FromString(body)
            found_in_logs = redact_logs(logs, self.redactor, keys)
            rows = log_batch(logs, found_in_logs, received_at=received_at, policy=self.policy)
            return Processed(logs, rows)
        metrics = ExportMetricsServiceRequest.FromString(body)
        found_in_metrics = redact_metrics(metrics, self.redactor, keys)
        points = point_batch(metrics, found_in_metrics, received_at=received_at, policy=self.policy)
        return Processed(metrics, points)
