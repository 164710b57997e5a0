"""Ingest keys: who may send, and in whose name."""

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

# Dialects hang a caller's metadata on spans under these, and the names of a team are looked up there too.
_METADATA = (".metadata.", ".association.properties.")

_MARKS = tuple(STAMPED + column for column in COLUMN_OF)

ANYONE_MAY_SEND = IngestKey(name="open", sha256="0" * 64)
"""The key of everyone where the policy has none."""


class IngestKeys:
    """The keys of a policy. Without any the receiver is open, which the settings allow on loopback only."""

    def __init__(self, policy: Policy, limits: SenderLimits | None = None) -> None:
        self.limits = limits or SenderLimits()
        self._policy = policy

    def take_over(self, policy: Policy) -> None:
        """Let another policy hold from the next request on, in one step; what senders have used stays counted."""
        self._policy = policy

    def authenticate(self, headers: Mapping[str, str]) -> IngestKey:
        """Return the key that the request carries, in force or not; header names are lower case.

        Raises UnauthenticatedError, or BadRequestError where a header came twice.
        """
        authorization, named = one_header(headers, "authorization"), one_header(headers, KEY_HEADER)
        keys = self._policy.ingest_keys
        if not keys:
            return ANYONE_MAY_SEND
        scheme, _, bearer = (authorization or "").partition(" ")
        given = named or (bearer.strip() if scheme.lower() == "bearer" else "")
        if not given:
            raise UnauthenticatedError(f"An ingest key is needed: send Authorization: Bearer KEY or {KEY_HEADER}: KEY.")
        digest = hashlib.sha256(given.encode()).hexdigest()
        found = None
        for key in keys:  # to the end, so that the time taken does not tell which key came close
            if hmac.compare_digest(key.sha256, digest):
                found = key
        if found is None:
            raise UnauthenticatedError("The ingest key is not one of ours.")
        return found

    @staticmethod
    def require_in_force(key: IngestKey) -> None:
        """Raise ForbiddenError if the key is over, or not good yet."""
        now = datetime.now(UTC)
        if key.expired(now):
            raise ForbiddenError(f"The ingest key {key.name} expired at {key.expires:%Y-%m-%d %H:%M:%S} UTC.")
        if key.too_early(now):
            raise ForbiddenError(f"The ingest key {key.name} is good from {key.not_before:%Y-%m-%d %H:%M:%S} UTC on.")

    def stamp(self, key: IngestKey, request: ExportRequest) -> bool:
        """Make the request speak for the key's team and environment; return whether it was changed.

        The resources get the key's word under the first name, which wins there, and a mark that it is the key's, so
        that a parent which another key sent does not win over it. The spans, records and points, which would win over
        the resources, lose theirs. No sender can set the mark.
        """
        named = self._policy.attributes
        bound = [
            (column, names, value)
            for column, names, value in (
                ("team", named.team, key.team),
                ("environment", named.environment, key.environment),
            )
            if value and names
        ]
        changed = bool(bound)
        for resource in resources(request):
            changed |= _remove(resource.attributes, _MARKS)
        for column, names, value in bound:
            for attributes in _claims(request):
                _remove(attributes, names)
            for resource in resources(request):
                _remove(resource.attributes, names[:1])
                resource.attributes.append(KeyValue(key=names[0], value=AnyValue(string_value=value)))
                resource.attributes.append(KeyValue(key=STAMPED + column, value=AnyValue(bool_value=True)))
        return changed


def _claims(request: ExportRequest) -> Iterator[_Attributes]:
    """Yield every list of attributes below the resources."""
    if isinstance(request, ExportTraceServiceRequest):
        yield from _trace_claims(request)
    elif isinstance(request, ExportLogsServiceRequest):
        yield from _log_claims(request)
    else:
        yield from _metric_claims(request)


def _trace_claims(request: ExportTraceServiceRequest) -> Iterator[_Attributes]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield scope_spans.scope.attributes
            for span in scope_spans.spans:
                yield span.attributes
                yield from (event.attributes for event in span.events)


def _log_claims(request: ExportLogsServiceRequest) -> Iterator[_Attributes]:
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            yield scope_logs.scope.attributes
            yield from (record.attributes for record in scope_logs.log_records)


def _metric_claims(request: ExportMetricsServiceRequest) -> Iterator[_Attributes]:
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

    found = sum(map(is_one, attributes))
    if found:
        attributes.sort(key=is_one)  # the order stays; to delete them one by one moves the rest each time
        del attributes[-found:]
    return found > 0
