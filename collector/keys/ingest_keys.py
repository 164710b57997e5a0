"""Ingest keys: authenticates a sender, and stamps its team and environment on the request."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.keys.limits import SenderLimits
from collector.otlp.headers import one_header
from collector.otlp.messages import resources
from collector.otlp.refusals import ForbiddenError, UnauthenticatedError
from schema.normalise.context import COLUMN_OF
from schema.otlp.attributes import STAMPED
from schema.policy.policy import IngestKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

    from collector.otlp.messages import ExportRequest
    from schema.policy.policy import Policy

    _Attributes = RepeatedCompositeFieldContainer[KeyValue]

KEY_HEADER = "x-spanledger-key"

# Dialects put a caller's metadata on spans under these prefixes; a team's keys are looked up there too.
_METADATA = (".metadata.", ".association.properties.")

_MARKS = tuple(STAMPED + column for column in COLUMN_OF)

ANYONE_MAY_SEND = IngestKey(name="open", sha256="0" * 64)
"""The key of every request if the policy has no ingest keys."""


class IngestKeys:
    """The keys of a policy. Without keys the receiver is open, which the settings allow on loopback only."""

    def __init__(self, policy: Policy, limits: SenderLimits | None = None) -> None:
        self.limits = limits or SenderLimits()
        self._policy = policy

    def take_over(self, policy: Policy) -> None:
        """Use another policy from the next request on. Usage counted so far stays."""
        self._policy = policy

    def authenticate(self, headers: Mapping[str, str]) -> IngestKey:
        """Return the request's key, valid now or not. Header names are lower case.

        Raises UnauthenticatedError, or BadRequestError if a header is repeated.
        """
        authorization, own_header = one_header(headers, "authorization"), one_header(headers, KEY_HEADER)
        keys = self._policy.ingest_keys
        if not keys:
            return ANYONE_MAY_SEND
        scheme, _, bearer = (authorization or "").partition(" ")
        secret = own_header or (bearer.strip() if scheme.lower() == "bearer" else "")
        if not secret:
            raise UnauthenticatedError(f"An ingest key is needed: send Authorization: Bearer KEY or {KEY_HEADER}: KEY.")
        digest = hashlib.sha256(secret.encode()).hexdigest()
        matching = None
        for key in keys:  # no early exit, so that the time does not reveal which key matched
            if hmac.compare_digest(key.sha256, digest):
                matching = key
        if matching is None:
            raise UnauthenticatedError("The ingest key is not known.")
        return matching

    @staticmethod
    def require_in_force(key: IngestKey) -> None:
        """Raise ForbiddenError if the key has expired, or is not valid yet."""
        now = datetime.now(UTC)
        if key.expired(now):
            raise ForbiddenError(f"The ingest key {key.name} expired at {key.expires:%Y-%m-%d %H:%M:%S} UTC.")
        if key.too_early(now):
            raise ForbiddenError(f"The ingest key {key.name} is valid from {key.not_before:%Y-%m-%d %H:%M:%S} UTC on.")

    def stamp(self, key: IngestKey, request: ExportRequest) -> bool:
        """Set the key's team and environment in the request; return whether the request changed.

        Each resource gets the key's value under the first attribute name, which has the highest precedence, and a mark
        that the key set it. The mark prevents a parent span of another key from overriding it; marks in the sent
        request are removed. Spans, records and points lose these attributes, because theirs would override the
        resource's.
        """
        attribute_names = self._policy.attributes
        bound = [
            (column, names, value)
            for column, names, value in (
                ("team", attribute_names.team, key.team),
                ("environment", attribute_names.environment, key.environment),
            )
            if value and names
        ]
        changed = bool(bound)
        for resource in resources(request):
            changed |= _remove(resource.attributes, _MARKS)
        for column, names, value in bound:
            for attributes in _attributes_below(request):
                _remove(attributes, names)
            for resource in resources(request):
                _remove(resource.attributes, names[:1])
                resource.attributes.append(KeyValue(key=names[0], value=AnyValue(string_value=value)))
                resource.attributes.append(KeyValue(key=STAMPED + column, value=AnyValue(bool_value=True)))
        return changed


def _attributes_below(request: ExportRequest) -> Iterator[_Attributes]:
    """Yield every list of attributes below the resources."""
    if isinstance(request, ExportTraceServiceRequest):
        yield from _trace_attributes(request)
    elif isinstance(request, ExportLogsServiceRequest):
        yield from _log_attributes(request)
    else:
        yield from _metric_attributes(request)


def _trace_attributes(request: ExportTraceServiceRequest) -> Iterator[_Attributes]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield scope_spans.scope.attributes
            for span in scope_spans.spans:
                yield span.attributes
                yield from (event.attributes for event in span.events)


def _log_attributes(request: ExportLogsServiceRequest) -> Iterator[_Attributes]:
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            yield scope_logs.scope.attributes
            yield from (record.attributes for record in scope_logs.log_records)


def _metric_attributes(request: ExportMetricsServiceRequest) -> Iterator[_Attributes]:
    for resource_metrics in request.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            yield scope_metrics.scope.attributes
            for metric in scope_metrics.metrics:
                yield from _point_attributes(metric)


def _point_attributes(metric: Metric) -> Iterator[_Attributes]:
    kind = metric.WhichOneof("data")
    if kind:
        yield from (point.attributes for point in getattr(metric, kind).data_points)


def _remove(attributes: _Attributes, names: tuple[str, ...]) -> bool:
    endings = tuple(f".{name}" for name in names)

    def is_one(attribute: KeyValue) -> bool:
        key = attribute.key
        return key in names or (key.endswith(endings) and any(mark in key for mark in _METADATA))

    count = sum(map(is_one, attributes))
    if count:
        attributes.sort(key=is_one)  # stable; deleting them one by one would be quadratic
        del attributes[-count:]
    return count > 0
