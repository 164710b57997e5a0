"""The ground truth of the real exports, and its comparison with spans (tests/data/otlp/truth/README.md)."""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from observed import observe

if TYPE_CHECKING:
    from types import ModuleType

    from schema.span import Span

EXPORTS = Path(__file__).parents[1] / "data" / "otlp"
TRUTH = EXPORTS / "truth"
SOURCES = sorted(path.stem for path in TRUTH.glob("*.json"))
PROBE_KINDS = {"retrieval": "retriever", "workflow": "chain"}
# Values under "accept" in the truth are what spans can show where only logs or metrics know better.
OPTIONS = SimpleNamespace(fields=None, missing=True, strict=False)


@lru_cache(maxsize=1)
def checker() -> ModuleType:
    """Return the comparison module that belongs to the ground truth."""
    spec = importlib.util.spec_from_file_location("truth_check", TRUTH / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def truth_of(source: str) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((TRUTH / f"{source}.json").read_text(encoding="utf-8"))
    return truth


def found_probes(spans: list[Span], truth: dict[str, Any]) -> dict[str, list[list[str]]]:
    """Where each phrase must be: [kind of span, direction]."""
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


def differences(source: str, spans: list[Span]) -> dict[tuple[str, str, str], str]:
    truth = truth_of(source)
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
