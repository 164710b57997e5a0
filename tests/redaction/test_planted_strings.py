"""No planted string survives in any text of the real exports; identifiers, amounts and trace ids all do."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from redaction.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redaction.redactor import Redactor

pytestmark = pytest.mark.shared

REQUESTS: dict[str, type[Message]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
SURVIVES = ("ORD-77193", "call_lookup_o", "gpt-4o-mini-2024-07-18", "claude-sonnet-4-5", "$42.10")
LEAK = re.compile(
    r"Marguerite|Vandersloot|Jerome|Okafor|Kestrel|Astor|97103|555-0|5550137|4111 1111|41111111|078-05|0780511|DE89"
    r"|3704 0044|0532 0130|20 7946|example\.org|example\.net",
    re.IGNORECASE,
)


def strings(message: Any, key: str = "") -> Iterator[Text]:
    """Every string of a message with its attribute key; bytes as text."""
    if message.DESCRIPTOR.name == "KeyValue":
        yield Text(message.key)
        yield from strings(message.value, message.key)
        return
    nested = message.DESCRIPTOR.name in {"AnyValue", "ArrayValue", "KeyValueList"}
    for field, content in message.ListFields():
        name = key if nested else field.name
        for value in content if field.is_repeated else [content]:
            if isinstance(value, Message):
                yield from strings(value, name)
            elif isinstance(value, str):
                yield Text(value, name)
            elif isinstance(value, bytes) and field.name == "bytes_value":
                yield Text(value.decode("utf-8", "replace"), name)


def sources(exports: Path) -> list[Path]:
    found = sorted(path.parent for path in exports.glob("*/pii.json"))
    if not found:
        pytest.skip(f"no exports in {exports}")
    return found


def texts(source: Path) -> list[Text]:
    found: list[Text] = []
    for body in sorted(source.glob("*.pb")):
        request = REQUESTS[body.suffixes[-2].lstrip(".")]()
        request.ParseFromString(body.read_bytes())
        found += strings(request)
    return found


def test_nothing_planted_survives_and_identifiers_do(redactor: Redactor, exports: Path) -> None:
    seen = 0
    for source in sources(exports):
        items = texts(source)
        redacted = redactor.redact_many(items)
        for item, result in zip(items, redacted, strict=True):
            assert not result.failed, (source.name, item.key)
            leak = LEAK.search(result.text)
            assert leak is None, (source.name, item.key, result.text[max(0, leak.start() - 40) : leak.end() + 40])
            for identifier in SURVIVES:
                assert item.text.count(identifier) == result.text.count(identifier), (source.name, item.key, identifier)
            seen += len(result.findings)
    assert seen > 1000


def test_json_stays_json(redactor: Redactor, exports: Path) -> None:
    checked = 0
    for source in sources(exports):
        items = [item for item in texts(source) if item.text[:1] in {"{", "["}]
        for item, result in zip(items, redactor.redact_many(items), strict=True):
            try:
                before = json.loads(item.text)
            except ValueError:
                continue
            assert shape(json.loads(result.text)) == shape(before), (source.name, item.key)
            checked += 1
    assert checked > 100


def shape(value: object) -> object:
    """The structure of a JSON value without its strings, numbers and personal keys."""
    if isinstance(value, dict):
        return [shape(inner) for inner in value.values()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "leaf" if isinstance(value, str | int | float) and not isinstance(value, bool) else value


def test_what_the_truth_says_must_survive(redactor: Redactor, exports: Path) -> None:
    truths = sorted((exports / "truth").glob("*.json"))
    if not truths:
        pytest.skip(f"no ground truth in {exports}")
    compared = 0
    for truth in truths:
        wanted = json.loads(truth.read_text(encoding="utf-8"))
        kinds = wanted.get("must_survive") or wanted["pii"].get("must_survive", {})
        items = texts(exports / truth.stem)
        before = "\n".join(item.text for item in items)
        after = "\n".join(result.text for result in redactor.redact_many(items))
        for strings_of_kind in kinds.values():
            for string in strings_of_kind:
                assert before.count(string) == after.count(string), (truth.stem, string)
                compared += 1
        for cut in wanted["pii"].get("cut_fragments", []):
            assert cut["fragment"] not in after, (truth.stem, cut["fragment"])
    assert compared > 100
