"""An OTLP logs request, already redacted, as rows of the table `logs`: one a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema.otlp.attributes import plain, text
from schema.otlp.ids import span_id_of, trace_id_of
from schema.otlp.resource import team_of, text_map
from schema.otlp.timestamps import known, retained_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    from schema.policy.policy import Policy

_TEXT_MAP = pa.map_(pa.string(), pa.string())
_TIME = pa.timestamp("ns", "UTC")
LOG_SCHEMA: Final[pa.Schema] = pa.schema(
    [(name, pa.string()) for name in ("team", "service_name", "trace_id", "span_id")]
    + [("time", _TIME), ("event_name", pa.string()), ("severity", pa.string()), ("body", pa.string())]
    + [("attributes", _TEXT_MAP), ("resource_attributes", _TEXT_MAP), ("scope_name", pa.string())]
    + [("findings", pa.map_(pa.string(), pa.uint32())), ("received_at", _TIME), ("retain_until", pa.date32())]
)
"""Arrow schema of a batch of log records; the columns of the table `logs` in their order."""


def log_batch(
    request: ExportLogsServiceRequest, findings: Sequence[dict[str, int]], *, received_at: int, policy: Policy
) -> pa.RecordBatch:
    """Return the records of an already redacted request; `findings` has one entry a record, in request order."""
    rows: list[dict[str, Any]] = []
    findings_of = iter(findings)
    for resource_logs in request.resource_logs:
        resource = text_map(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                attributes = text_map(record.attributes)
                team = team_of(policy.attributes.team, attributes, resource)
                time = known(record.time_unix_nano, record.observed_time_unix_nano) or received_at
                rows.append(
                    {
                        "team": team,
                        "service_name": resource.get("service.name", ""),
                        "trace_id": trace_id_of(record.trace_id),
                        "span_id": span_id_of(record.span_id),
                        "time": time,
                        "event_name": record.event_name or attributes.get("event.name", ""),
                        "severity": record.severity_text,
                        "body": text(plain(record.body)),
                        "attributes": list(attributes.items()),
                        "resource_attributes": list(resource.items()),
                        "scope_name": scope_logs.scope.name,
                        "findings": list(next(findings_of).items()),
                        "received_at": received_at,
                        "retain_until": retained_until(received_at, policy.retention.days_for(team, "")),
                    }
                )
    return pa.RecordBatch.from_pylist(rows, schema=LOG_SCHEMA)
