"""The owner of a text: a team's looser rules apply only if ownership is certain."""

from __future__ import annotations

from itertools import permutations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from collector.keys.ingest_keys import IngestKeys
from collector.pipeline.pipeline import Pipeline
from collector.pipeline.rules_from_policy import build_team_redactor
from redaction.teams import Owner
from redaction.version import RULES_VERSION
from schema.policy.policy import IngestKey, Policy
from schema.policy.redaction import RedactionPolicy
from schema.pricing.prices import Prices

SECTION = {"teams": {"open": {"actions": {"EMAIL_ADDRESS": "keep"}}, "closed": {}}}
POLICY = Policy(redaction=RedactionPolicy.model_validate(SECTION))
MAIL = "jane@example.com"
TRACE = bytes(range(16))


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(build_team_redactor(POLICY, b""), POLICY, Prices(()))


def attribute(holder: object, key: str, value: str) -> None:
    holder.attributes.add(key=key).value.string_value = value  # type: ignore[attr-defined]


def stored(
    pipeline: Pipeline, resource: dict[str, str], *spans: tuple[str, str, dict[str, str]]
) -> list[dict[str, object]]:
    """Rows of spans from (id, parent, attributes), with an e-mail address in each input and in the resource."""
    request = ExportTraceServiceRequest()
    envelope = request.resource_spans.add()
    for key, value in {"contact": MAIL, **resource}.items():
        attribute(envelope.resource, key, value)
    for name, parent, attributes in spans:
        span = envelope.scope_spans.add().spans.add(name="s", trace_id=TRACE, span_id=name.encode().ljust(8, b"\1"))
        span.parent_span_id = parent.encode().ljust(8, b"\1") if parent else b""
        attribute(span, "input.value", f"write to {MAIL}")
        for key, value in attributes.items():
            attribute(span, key, value)
    rows: list[dict[str, object]] = pipeline.process(
        "traces", request.SerializeToString(), received_at=1
    ).rows.to_pylist()
    return rows


def shows(row: dict[str, object]) -> bool:
    return MAIL in str(row["input"])


@pytest.mark.parametrize(
    ("resource", "attributes", "seen"),
    [
        ({"spanledger.team": "open"}, {}, True),
        ({"spanledger.team": "closed"}, {}, False),
        ({"spanledger.team": "closed"}, {"spanledger.team": "open"}, True),
        ({"spanledger.team": "open"}, {"spanledger.team": "closed"}, False),
        ({"spanledger.team": "open"}, {"langsmith.metadata.team": "closed"}, False),
        ({"spanledger.team": "open", "team": "closed"}, {}, False),
        ({"spanledger.team": "unheard of"}, {}, False),
        ({}, {}, False),
    ],
)
def test_a_span_has_the_rules_of_its_team(
    pipeline: Pipeline, resource: dict[str, str], attributes: dict[str, str], *, seen: bool
) -> None:
    [row] = stored(pipeline, resource, ("a", "", attributes))
    assert shows(row) is seen


def test_a_span_has_the_rules_of_its_ancestor(pipeline: Pipeline) -> None:
    child, grandchild, parent = stored(
        pipeline,
        {},
        ("b", "a", {}),
        ("c", "b", {}),
        ("a", "", {"spanledger.team": "open"}),
    )
    assert shows(child)
    assert shows(grandchild)
    assert shows(parent)


def test_ancestors_that_disagree_with_the_resource_make_it_unsure(pipeline: Pipeline) -> None:
    rows = stored(pipeline, {"spanledger.team": "open"}, ("a", "", {"spanledger.team": "closed"}), ("b", "a", {}))
    assert [shows(row) for row in rows] == [False, False]


def test_parents_in_a_circle_are_no_way_out(pipeline: Pipeline) -> None:
    rows = stored(pipeline, {"spanledger.team": "open"}, ("a", "b", {}), ("b", "a", {}))
    assert [shows(row) for row in rows] == [True, True]


def test_what_spans_of_several_teams_share_has_the_strictest_rules(pipeline: Pipeline) -> None:
    both = stored(pipeline, {}, ("a", "", {"team": "open"}), ("b", "", {"team": "closed"}))
    assert MAIL not in str([row["resource_attributes"] for row in both])
    one = stored(pipeline, {}, ("a", "", {"team": "open"}))
    assert MAIL in str(one[0]["resource_attributes"])


def test_the_key_decides_over_the_senders_attributes(pipeline: Pipeline) -> None:
    keys = IngestKeys(Policy(ingest_keys=(IngestKey(name="k", team="closed", sha256="0" * 64),)))
    request = ExportTraceServiceRequest()
    envelope = request.resource_spans.add(resource=Resource())
    attribute(envelope.resource, "spanledger.team", "open")
    span = envelope.scope_spans.add().spans.add(name="s", trace_id=TRACE, span_id=b"12345678")
    attribute(span, "input.value", f"write to {MAIL}")
    attribute(span, "spanledger.team", "open")
    keys.stamp(IngestKey(name="k", team="closed", sha256="0" * 64), request)
    [row] = pipeline.process("traces", request.SerializeToString(), received_at=1).rows.to_pylist()
    assert (shows(row), row["team"]) == (False, "closed")


def test_log_records_have_the_rules_of_their_team(pipeline: Pipeline) -> None:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for team in ("open", "closed"):
        record = records.add()
        record.body.string_value = f"write to {MAIL}"
        attribute(record, "team", team)
    rows = pipeline.process("logs", request.SerializeToString(), received_at=1).rows.to_pylist()
    assert [MAIL in row["body"] for row in rows] == [True, False]


def test_what_redacted_a_span_is_stored_with_it(pipeline: Pipeline) -> None:
    [row] = stored(pipeline, {}, ("a", "", {}))
    assert row["redaction_version"] == f"{RULES_VERSION}-{POLICY.redaction.digest}"


def test_a_value_that_is_nothing_under_one_key_or_to_one_team_is_found_under_another(pipeline: Pipeline) -> None:
    day, open_team, closed = "1984-02-03", {"spanledger.team": "open"}, {"spanledger.team": "closed"}
    for resource, key, value, remains in (
        (closed, "delivery_day", day, True),
        (closed, "delivery_day", day, True),
        (closed, "date_of_birth", day, False),
        (closed, "delivery_day", day, True),
        (open_team, "note", MAIL, True),
        (open_team, "note", MAIL, True),
        (closed, "note", MAIL, False),
    ):
        [row] = stored(pipeline, resource, ("a", "", {key: value}))
        assert (value in str(row["attributes"])) is remains, (resource, key)


def test_what_is_remembered_of_clean_keys_and_values_is_bounded(pipeline: Pipeline) -> None:
    wanted = [
        {f"key.{number}": f"value-{number}" for number in range(first, first + 4_000)} for first in (0, 4_000, 8_000)
    ]
    for attributes in wanted:
        stored(pipeline, {}, ("a", "", attributes))
    cleared = pipeline.redactor.cleared(Owner(None))
    assert 0 < len(cleared.keys) <= 10_000
    assert 0 < len(cleared.values) <= 10_000
    stored(pipeline, {}, ("a", "", {"long": "word " * 100}))
    assert ("long", "word " * 100) not in cleared.values


@pytest.mark.parametrize(("named", "seen"), [("open", True), ("closed", False)])
def test_each_span_of_a_circle_knows_what_all_of_it_name(pipeline: Pipeline, named: str, *, seen: bool) -> None:
    circle = (("a", "b", {}), ("b", "c", {}), ("c", "a", {"langsmith.metadata.team": named}))
    for order in permutations(circle):
        rows = stored(pipeline, {"spanledger.team": "open"}, *order)
        assert [shows(row) for row in rows] == [seen, seen, seen]
