from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from starlette.datastructures import Headers

from collector.keys.ingest_keys import IngestKeys
from collector.otlp.refusals import ForbiddenError, UnauthenticatedError
from schema.policy.policy import IngestKey, Policy

PAYMENTS = IngestKey(
    name="payments-prod", sha256=hashlib.sha256(b"pay-key").hexdigest(), team="payments", environment="production"
)
ANYONE = IngestKey(name="shared", sha256=hashlib.sha256(b"any-key").hexdigest())
KEYS = IngestKeys(Policy(ingest_keys=(PAYMENTS, ANYONE)))


def attributes(**values: str) -> list[KeyValue]:
    return [KeyValue(key=k.replace("__", "."), value=AnyValue(string_value=v)) for k, v in values.items()]


def plain(attributes: object) -> dict[str, str]:
    return {attribute.key: attribute.value.string_value for attribute in attributes}  # type: ignore[attr-defined]  # a repeated field


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer pay-key"},
        {"Authorization": "bearer  pay-key "},
        {"x-spanledger-key": "pay-key"},
        {"authorization": "Basic abc", "X-Spanledger-Key": "pay-key"},
    ],
)
def test_a_key_is_found_in_either_header(headers: dict[str, str]) -> None:
    assert KEYS.authenticate(Headers(headers)) is PAYMENTS


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Basic pay-key"},
        {"authorization": "pay-key"},
        {"authorization": "Bearer other-key"},
        {"x-spanledger-key": PAYMENTS.sha256},
        {"x-spanledger-key": "ключ"},
    ],
)
def test_a_request_without_a_known_key_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnauthenticatedError) as refusal:
        KEYS.authenticate(headers)
    assert "other-key" not in str(refusal.value)


def test_keys_of_a_sender_may_overlap_and_an_expired_key_is_refused_with_its_end() -> None:
    now = datetime.now(UTC)
    dates = {
        "old": {"expires": now + timedelta(minutes=5)},
        "new": {},
        "over": {"expires": now - timedelta(seconds=1)},
        "to come": {"not_before": now + timedelta(days=1)},
    }
    keys = IngestKeys(
        Policy(
            ingest_keys=tuple(
                IngestKey.model_validate({"name": "one", "sha256": hashlib.sha256(key.encode()).hexdigest(), **when})
                for key, when in dates.items()
            )
        )
    )
    found = {key: keys.authenticate({"x-spanledger-key": key}) for key in dates}
    assert {key.name for key in found.values()} == {"one"}
    for key in ("old", "new"):
        keys.require_in_force(found[key])
    with pytest.raises(ForbiddenError, match=r"The ingest key one expired at 20\d\d-"):
        keys.require_in_force(found["over"])
    with pytest.raises(ForbiddenError, match=r"The ingest key one is valid from 20\d\d-"):
        keys.require_in_force(found["to come"])


def test_another_policy_holds_from_the_next_request_on() -> None:
    keys = IngestKeys(Policy(ingest_keys=(PAYMENTS,)))
    keys.take_over(Policy(ingest_keys=(ANYONE,)))
    assert keys.authenticate({"x-spanledger-key": "any-key"}) is ANYONE
    with pytest.raises(UnauthenticatedError):
        keys.authenticate({"x-spanledger-key": "pay-key"})


def test_without_keys_the_receiver_is_open_and_binds_nothing() -> None:
    keys = IngestKeys(Policy())
    key = keys.authenticate({})
    assert (key.name, key.team) == ("open", "")
    assert not keys.stamp(key, ExportTraceServiceRequest())


def test_a_bound_key_speaks_for_its_team_only() -> None:
    request = ExportTraceServiceRequest()
    first = request.resource_spans.add()
    first.resource.attributes.extend(
        attributes(spanledger__team="support", service__namespace="shop", deployment__environment__name="dev", host="h")
    )
    scope = first.scope_spans.add()
    scope.scope.attributes.extend(attributes(team="support"))
    span = scope.spans.add()
    span.attributes.extend(
        attributes(
            team="support",
            agentops__team="support",
            deployment__environment="dev",
            langfuse__trace__metadata__team="support",
            traceloop__association__properties__spanledger__team="support",
            football__team="Ajax",
            question="why?",
        )
    )
    span.events.add().attributes.extend(attributes(spanledger__team="support", text="kept"))
    request.resource_spans.add().scope_spans.add().spans.add()

    assert KEYS.stamp(PAYMENTS, request)
    marks = dict.fromkeys(("spanledger.stamped.team", "spanledger.stamped.environment"), "")
    stamped = {"spanledger.team": "payments", "deployment.environment.name": "production", **marks}
    assert plain(first.resource.attributes) == {"service.namespace": "shop", "host": "h", **stamped}
    assert plain(request.resource_spans[1].resource.attributes) == stamped
    assert plain(scope.scope.attributes) == {}
    assert plain(span.attributes) == {"football.team": "Ajax", "question": "why?"}
    assert plain(span.events[0].attributes) == {"text": "kept"}


def test_logs_and_metrics_are_stamped_too() -> None:
    logs = ExportLogsServiceRequest()
    record = logs.resource_logs.add().scope_logs.add().log_records.add()
    record.attributes.extend(attributes(team="support", a="b"))
    assert KEYS.stamp(PAYMENTS, logs)
    assert plain(record.attributes) == {"a": "b"}
    assert plain(logs.resource_logs[0].resource.attributes)["spanledger.team"] == "payments"

    metrics = ExportMetricsServiceRequest()
    scope = metrics.resource_metrics.add().scope_metrics.add()
    points = [scope.metrics.add().sum.data_points.add(), scope.metrics.add().exponential_histogram.data_points.add()]
    for point in points:
        point.attributes.extend(attributes(team="support", a="b"))
    scope.metrics.add()
    assert KEYS.stamp(PAYMENTS, metrics)
    assert [plain(point.attributes) for point in points] == [{"a": "b"}] * 2


def test_a_key_without_a_team_keeps_the_senders_attributes() -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().resource.attributes.extend(attributes(team="support"))
    before = request.SerializeToString()
    assert not KEYS.stamp(ANYONE, request)
    assert request.SerializeToString() == before


def test_only_a_key_marks_a_team_as_stamped() -> None:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add().resource
    claimed = KeyValue(key="spanledger.stamped.team", value=AnyValue(bool_value=True))
    resource.attributes.extend([claimed, *attributes(team="support")])
    assert KEYS.stamp(ANYONE, request)
    assert plain(resource.attributes) == {"team": "support"}
    assert KEYS.stamp(PAYMENTS, request)
    marks = {each.key: each.value.bool_value for each in resource.attributes if "stamped" in each.key}
    assert marks == {"spanledger.stamped.team": True, "spanledger.stamped.environment": True}
