"""A request leaves the pipeline redacted, whole, and as rows: what is forwarded is what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.pipeline.pipeline import Pipeline
from collector.pipeline.redact import redact_traces
from collector.pipeline.rules_from_policy import build_team_redactor
from schema.policy.policy import Policy
from schema.pricing.prices import Prices

if TYPE_CHECKING:
    from pathlib import Path

MAIL = "jane.roe@example.com"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(build_team_redactor(Policy(), b""), Policy(), Prices(()))


@pytest.mark.parametrize("source", ["manual-convention", "openinference-openai-agents", "langfuse-sdk"])
def test_normalising_leaves_the_redacted_request_as_it_is(pipeline: Pipeline, exports: Path, source: str) -> None:
    body = (exports / source / "01.traces.pb").read_bytes()
    request = ExportTraceServiceRequest.FromString(body)
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="input.value").value.string_value = MAIL
    alone = ExportTraceServiceRequest.FromString(request.SerializeToString())
    redact_traces(alone, pipeline.redactor, Policy().attributes.team)
    processed = pipeline.process("traces", request.SerializeToString(), received_at=1)
    assert processed.request == alone
    assert MAIL.encode() not in processed.request.SerializeToString()
    assert MAIL not in str(processed.rows.to_pylist())
    assert processed.rows.num_rows == sum(
        len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans
    )


def test_logs_and_metrics_leave_it_redacted_too(pipeline: Pipeline) -> None:
    logs, metrics = ExportLogsServiceRequest(), ExportMetricsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = f"write to {MAIL}"
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="calls")
    point = metric.gauge.data_points.add(as_int=3)
    point.attributes.add(key="user.email").value.string_value = MAIL
    for signal, request in (("logs", logs), ("metrics", metrics)):
        processed = pipeline.process(signal, request.SerializeToString(), received_at=1)  # type: ignore[arg-type]
        assert type(processed.request) is type(request)
        assert MAIL.encode() not in processed.request.SerializeToString()
        assert processed.rows.num_rows == 1
