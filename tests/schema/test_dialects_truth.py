"""Every real export, normalised and held against the ground truth: what a correct store must show for it."""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from observed import observe
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schema.normalise import normalise
from schema.policy import Policy
from schema.prices import Prices

if TYPE_CHECKING:
    from types import ModuleType

    from schema.span import Span

EXPORTS = Path(__file__).parents[1] / "data" / "otlp"
TRUTH = EXPORTS / "truth"
SOURCES = sorted(path.stem for path in TRUTH.glob("*.json"))
LOGS = "it arrives in the logs signal only"
DEFINITIONS = "tool definitions are no message: they stay an attribute"

# (source, scope, field or phrase): why spans alone, read by rule, do not show it yet. A line that is no longer needed
# makes the test fail, so the list only shrinks.
NOT_YET = {
    ("claude-agent-sdk", "total", "declared_cost_usd"): LOGS,
    ("claude-agent-sdk", "traces.8a00ff3c5f4952696679c27f0e5862c1", "declared_cost_usd"): LOGS,
    ("otel-openai-v2-default", "probe", "You are the refunds agent of Acme"): LOGS,
    ("otel-openai-v2-default", "probe", "goes back to card"): LOGS,
    ("otel-openai-v2-default", "probe", "delivered"): LOGS,
    ("otel-openai-v2-default", "probe", "Refund order ORD-77193 to my card"): LOGS,
    ("google-adk2-nocontent", "probe", "Look up an order"): DEFINITIONS,
    ("litellm-otel", "probe", "Look up an order"): DEFINITIONS,
    ("openllmetry-0.33-traceloop-sdk", "probe", "Look up an order"): DEFINITIONS,
    ("otel-genai-openai", "probe", "Look up an order"): DEFINITIONS,
    ("otel-google-genai", "probe", "Look up an order"): DEFINITIONS,
    ("logfire-pydantic-ai-v2", "probe", "refunds within 30 days"): "a log record's own free attribute, named by nobody",
}
PROBE_KINDS = {"retrieval": "retriever", "workflow": "chain"}
# Values under "accept" in the truth are what spans can show where only logs or metrics know better.
OPTIONS = SimpleNamespace(fields=None, missing=True, strict=False)


@lru_cache(maxsize=1)
def checker() -> ModuleType:
    """The comparison that comes with the ground truth."""
    spec = importlib.util.spec_from_file_location("truth_check", TRUTH / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1)
def prices() -> Prices:
    return Prices()


def spans_of(source: str) -> list[Span]:
    spans = []
    for path in sorted((EXPORTS / source).glob("*.traces.pb")):
        request = ExportTraceServiceRequest.FromString(path.read_bytes())
        spans += normalise(request, received_at=1, policy=Policy(), prices=prices())
    return spans


def truth_of(source: str) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((TRUTH / f"{source}.json").read_text(encoding="utf-8"))
    return truth


def found_probes(spans: list[Span], truth: dict[str, Any]) -> dict[str, list[list[str]]]:
    """Where each phrase is found: [kind of span, direction]."""
    found: dict[str, list[list[str]]] = {}
    for phrase in [probe["phrase"] for probe in truth["probes"]]:
        places = set()
        for span in spans:
            kind = PROBE_KINDS.get(span.kind, span.kind)
            held = {
                "input": phrase in span.input,
                "output": phrase in span.output,
                "error": any(phrase in part for part in (span.status_message, span.error_type, span.events)),
                "attribute": any(phrase in value for value in span.attributes.values()),
            }
            places |= {(kind, direction) for direction, here in held.items() if here}
        found[phrase] = [list(place) for place in sorted(places)]
    return found


def differences(source: str) -> dict[tuple[str, str, str], str]:
    truth, spans = truth_of(source), spans_of(source)
    observed = observe(spans)
    rows: list[tuple[Any, ...]] = []
    check = checker()
    without_logs = {"logs", "logs_without_stored_span"}
    for scope, wanted, seen in [
        ("total", truth["total"], observed["total"]),
        *((f"traces.{trace}", wanted, observed["traces"][trace]) for trace, wanted in truth["traces"].items()),
    ]:
        wanted_by_spans = {name: value for name, value in wanted.items() if name not in without_logs}
        check.compare(truth, scope, wanted_by_spans, seen, rows, OPTIONS)
    check.check_probes(truth, found_probes(spans, truth), rows)
    return {
        (source, scope, field): f"{field}: truth {wanted!r}, observed {seen!r} ({verdict})"
        for _, scope, field, wanted, seen, verdict in rows
        if verdict != "tolerated"
    }


def test_no_source_is_left_out() -> None:
    folders = {path.name for path in EXPORTS.iterdir() if path.is_dir()} - {"truth"}
    assert folders == set(SOURCES)
    assert len(SOURCES) == 34


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_shows_its_truth(source: str) -> None:
    found = differences(source)
    listed = {key for key in NOT_YET if key[0] == source}
    assert not {text for key, text in found.items() if key not in listed}
    assert listed == set(found), "passes now: take it off the list"


@pytest.mark.parametrize("source", SOURCES)
def test_identifiers_and_amounts_survive(source: str) -> None:
    if source == "otel-openai-v2-default":
        pytest.skip("its identifiers arrive in the logs signal only")
    truth = truth_of(source)["must_survive"]
    stored = "\n".join(
        "\n".join([repr(span), span.input, span.output, span.events, *span.attributes.values()])
        for span in spans_of(source)
    )
    lost = [text for name in ("identifiers", "amounts", "trace_ids") for text in truth[name] if text not in stored]
    assert not lost
