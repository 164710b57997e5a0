"""Metric points, kept for cross-checks: one row of the table `metric_points` each, never added to the cost of spans."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from schema.otlp.resource import team_of, text_map
from schema.otlp.timestamps import known, retained_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

    from schema.policy.policy import Policy

_TEXT_MAP = pa.map_(pa.string(), pa.string())
_TIME = pa.timestamp("ns", "UTC")
POINT_SCHEMA: Final[pa.Schema] = pa.schema(
    [(name, pa.string()) for name in ("team", "service_name", "name", "unit", "type", "temporality")]
    + [("start_time", _TIME), ("time", _TIME)]
    + [("value", pa.float64()), ("count", pa.uint64()), ("sum", pa.float64())]
    + [("attributes", _TEXT_MAP), ("resource_attributes", _TEXT_MAP), ("scope_name", pa.string())]
    + [("findings", pa.map_(pa.string(), pa.uint32())), ("received_at", _TIME), ("retain_until", pa.date32())]
)
"""Arrow schema of a batch of points; the columns of the table `metric_points` in their order."""

_TEMPORALITY: Final = ("unspecified", "delta", "cumulative")


def point_batch(
    request: ExportMetricsServiceRequest, findings: Sequence[dict[str, int]], *, received_at: int, policy: Policy
) -> pa.RecordBatch:
    """Return the points of an already redacted request; `findings` has one entry a metric, in request order.

    `value` is a number point's, `count` and `sum` are a histogram's or summary's; the others are NULL.
    """
    rows: list[dict[str, Any]] = []
    findings_of = iter(findings)
    for resource_metrics in request.resource_metrics:
        resource = text_map(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                metric_findings = list(next(findings_of).items())
                for point in _points(metric, received_at):
                    team = team_of(policy.attributes.team, dict(point["attributes"]), resource)
                    rows.append(
                        point
                        | {
                            "team": team,
                            "service_name": resource.get("service.name", ""),
                            "name": metric.name,
                            "unit": metric.unit,
                            "resource_attributes": list(resource.items()),
                            "scope_name": scope_metrics.scope.name,
                            "findings": metric_findings,
                            "received_at": received_at,
                            "retain_until": retained_until(received_at, policy.retention.days_for(team, "")),
                        }
                    )
                    metric_findings = []  # counted once, on the first point
    return pa.RecordBatch.from_pylist(rows, schema=POINT_SCHEMA)


def _points(metric: Metric, received_at: int) -> Iterator[dict[str, Any]]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    temporality = getattr(data, "aggregation_temporality", 0)
    for point in data.data_points:
        number = point.WhichOneof("value") if kind in {"gauge", "sum"} else None
        yield {
            "type": kind,
            "temporality": _TEMPORALITY[temporality] if temporality < len(_TEMPORALITY) else "",
            "start_time": known(point.start_time_unix_nano),
            "time": known(point.time_unix_nano) or received_at,
            "value": float(getattr(point, number)) if number else None,
            "count": getattr(point, "count", None),
            "sum": _sum(point),
            "attributes": list(text_map(point.attributes).items()),
        }


def _sum(point: Any) -> float | None:  # noqa: ANN401 - any data point
    """Return the sum of a histogram or summary, None where there is none or it is unknown."""
    field = point.DESCRIPTOR.fields_by_name.get("sum")
    if field is None or (field.has_presence and not point.HasField("sum")) or isnan(point.sum):
        return None
    return float(point.sum)
