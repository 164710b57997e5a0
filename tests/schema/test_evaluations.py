"""How a run went: the sender's word, else what evaluators say, else a failed root, else unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from otlp_requests import START, TRACE, any_value, key_values, spans_of

from schema.normalise.evaluations import of_record, verdict
from schema.normalise.logs import log_batch
from schema.policy.policy import Policy
from schema.queries.run import Run, load_run
from schema.queries.scope import EVERYTHING
from schema.runs.recompute import recompute, stale_traces
from schema.span import Span, to_batch

if TYPE_CHECKING:
    from schema.store.store import Store

EVENT = "gen_ai.evaluation.result"


def result(name: str, **score: object) -> dict[str, Any]:
    """The attributes of one result by the OpenTelemetry GenAI convention."""
    return {"gen_ai.evaluation.name": name} | {f"gen_ai.evaluation.score.{key}": value for key, value in score.items()}


def numbered(prefix: str, **fields: object) -> dict[str, Any]:
    """The attributes of one result by OpenInference."""
    return {f"{prefix}.{key}": value for key, value in fields.items()}


def log_request(*records: dict[str, Any], body: object = None, event_name: str = EVENT) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for number, attributes in enumerate(records):
        record = scope.log_records.add(trace_id=TRACE, event_name=event_name, time_unix_nano=START + number)
        record.attributes.extend(key_values(attributes))
        record.body.CopyFrom(any_value(body))
    return request


def put_logs(store: Store, request: ExportLogsServiceRequest, findings: list[dict[str, int]] | None = None) -> None:
    records = sum(len(scope.log_records) for each in request.resource_logs for scope in each.scope_logs)
    batch = log_batch(request, findings or [{}] * records, received_at=START, policy=Policy())
    store.insert("logs", batch, token=uuid4().hex)


def put(store: Store, **more: Any) -> None:
    defaults: dict[str, Any] = {"start_time": START, "received_at": START, "retain_until": 60_000}
    store.insert("spans", to_batch([Span(trace_id=TRACE.hex(), **defaults | more)]), token=uuid4().hex)


def run(store: Store) -> Run:
    recompute(store, [TRACE.hex()])
    found = load_run(store, EVERYTHING, TRACE.hex())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "label", "score", "expected"),
    [
        ("correctness", "pass", "0", "success"),  # the label is the evaluator's own reading of its score
        ("correctness", "FAILED", "", "failure"),
        ("correctness", " Incorrect ", "1", "failure"),
        ("toxicity", "pass", "0.9", "success"),
        ("resolved", "yes", "", "success"),
        ("resolved", "no", "", "failure"),
        ("resolved", "", "1.0", "success"),
        ("resolved", "", "0", "failure"),
        ("resolved", "", "true", "success"),
        ("resolved", "", "False", "failure"),
        ("relevance", "", "4.0", ""),
        ("relevance", "", "0.97", ""),
        ("relevance", "relevant", "1", ""),  # a label that is not understood is not overruled by its score
        ("relevance", "", "", ""),
        ("relevance", "", "excellent", ""),
        ("relevance", "", "nan", ""),
        ("hallucination", "hallucinated", "1", ""),
        ("hallucination", "", "1", ""),  # one is the worst there
        ("has_toxic_language", "yes", "", ""),
    ],
)
def test_a_result_says_what_it_surely_says(name: str, label: str, score: str, expected: str) -> None:
    assert verdict(name, label, score) == expected


@given(st.text(), st.text(), st.text())
def test_whatever_a_result_holds_it_is_one_of_three(name: str, label: str, score: str) -> None:
    assert verdict(name, label, score) in {"success", "failure", ""}


@given(st.dictionaries(st.text(), st.text()), st.text())
def test_whatever_a_record_holds_is_read(attributes: dict[str, str], body: str) -> None:
    assert of_record(attributes, body) in {"success", "failure", ""}


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ({"attributes": result("correctness", label="pass")}, "success"),
        ({"attributes": result("correctness", value=0.0)}, "failure"),
        ({"attributes": result("correctness", value=True)}, "success"),
        ({"events": [(EVENT, result("a", label="pass")), (EVENT, result("b", label="fail"))]}, "failure"),
        ({"events": [(EVENT, result("a", value=1)), (EVENT, result("b", value=0.4))]}, "success"),
        ({"events": [("exception", result("a", label="pass"))]}, ""),
        ({"attributes": numbered("evaluations.0.evaluation", name="a", score=1)}, "success"),
        (
            {
                "attributes": numbered("annotations.0.annotation", name="tone", label="polite")
                | numbered("annotations.1.annotation", name="correctness", label="incorrect")
            },
            "failure",
        ),
        ({"attributes": numbered("trace.evaluations.0.evaluation", name="a", label="pass")}, "success"),
        ({"attributes": numbered("session.annotations.0.annotation", name="a", score=0)}, ""),
        ({"attributes": {"openinference.span.kind": "EVALUATOR", "output.value": "1"}}, ""),
        ({}, ""),
    ],
)
def test_results_on_a_span_are_read(span: dict[str, Any], expected: str) -> None:
    (read,) = spans_of(span)
    assert read.evaluation == expected


def test_what_a_result_says_stays_in_the_attributes() -> None:
    (read,) = spans_of({"attributes": result("correctness", label="pass", value=0.9)})
    assert read.attributes["gen_ai.evaluation.score.label"] == "pass"


def test_the_outcome_goes_by_the_order_of_who_knows_best(empty_store: Store) -> None:
    put(empty_store, span_id="f0", status="error")
    assert run(empty_store).outcome == "failure"
    put(empty_store, span_id="b1", parent_span_id="f0", evaluation="success")
    assert (run(empty_store).outcome, run(empty_store).error) == ("success", True)
    put_logs(empty_store, log_request(result("correctness", label="fail")))
    assert run(empty_store).outcome == "failure"
    put(empty_store, span_id="b2", parent_span_id="f0", outcome="escalated")
    assert run(empty_store).outcome == "escalated"


def test_a_result_that_nobody_understands_leaves_the_outcome_unknown(empty_store: Store) -> None:
    put(empty_store, span_id="f0", status="ok")
    put_logs(empty_store, log_request(result("relevance", value=3.0, label="medium")))
    assert run(empty_store).outcome == "unknown"


def test_a_result_that_comes_late_in_a_log_record_makes_its_run_stale(empty_store: Store) -> None:
    put(empty_store, span_id="f0")
    assert run(empty_store).outcome == "unknown"
    put_logs(empty_store, log_request({}, body=result("correctness", value=1)))
    assert stale_traces(empty_store) == [TRACE.hex()]
    assert run(empty_store).outcome == "success"


def test_a_record_of_another_name_is_no_result(empty_store: Store) -> None:
    put(empty_store, span_id="f0")
    put_logs(empty_store, log_request(result("correctness", value=1), event_name="gen_ai.choice"))
    assert run(empty_store).outcome == "unknown"


def test_findings_of_log_records_count_once_however_often_they_were_sent(empty_store: Store) -> None:
    put(empty_store, span_id="f0", findings={"PERSON": 2})
    for _ in range(2):
        put_logs(empty_store, log_request({"a": "x"}, {"b": "y"}), [{"PERSON": 1, "IBAN_CODE": 1}, {"PERSON": 4}])
    assert run(empty_store).findings == {"PERSON": 7, "IBAN_CODE": 1}
