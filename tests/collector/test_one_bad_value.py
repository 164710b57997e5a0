"""One value that cannot be read costs at most its own span, log record or data point: the others are stored."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.keys.ingest_keys import ANYONE_MAY_SEND, IngestKeys
from collector.otlp.defects import Defects
from collector.otlp.json_encoding import parse_json
from collector.otlp.messages import Encoding, count, decode
from collector.otlp.refusals import BadRequestError
from collector.receivers.accept import Body, accept
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collector.otlp.messages import ExportRequest
    from collector.spool.spool import Signal

EXPORTS = Path(__file__).parents[1] / "data" / "otlp"
FILES = sorted(
    file
    for source in ("manual-convention", "otel-openai-v2-default", "strands-agents", "claude-agent-sdk", "langfuse-sdk")
    for file in (EXPORTS / source).glob("*.pb")
    if file.stat().st_size < 200_000
)
ANY_BREAK = settings(max_examples=80, deadline=None)
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
LISTS = {
    "traces": ("scope_spans", "spans"),
    "logs": ("scope_logs", "log_records"),
    "metrics": ("scope_metrics", "metrics"),
}
KINDS: dict[Signal, type[ExportRequest]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
MARK = "@@@@@@"


def signal_of(file: Path) -> Signal:
    return file.name.split(".")[1]  # type: ignore[return-value]  # the files are named after them


def kind_of(request: ExportRequest) -> Signal:
    return next(signal for signal, kind in KINDS.items() if isinstance(request, kind))


def lists_of(request: Any) -> list[Any]:
    """The lists of records of a request."""
    scopes, records = LISTS[kind_of(request)]
    envelope = request.DESCRIPTOR.fields[0].name
    return [getattr(scope, records) for resource in getattr(request, envelope) for scope in getattr(resource, scopes)]


def as_json(request: ExportRequest) -> dict[str, Any]:
    ids = {"traceId", "spanId", "parentSpanId"}

    def hex_ids(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: base64.b64decode(v).hex() if k in ids else hex_ids(v) for k, v in value.items()}
        return [hex_ids(item) for item in value] if isinstance(value, list) else value

    found: dict[str, Any] = hex_ids(json_format.MessageToDict(request))
    return found


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container inside a value, with a key or an index of it."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


def written(content: Any) -> bytes:
    """JSON, in which "<deep 40>" is a value in a list in a map in a list ... (Python's own writer is not that deep)."""

    def nested(depth: int) -> str:
        around = [('{"arrayValue":{"values":[', "]}}"), ('{"kvlistValue":{"values":[{"key":"k","value":', "}]}}")]
        outer = [around[level % 2] for level in range(depth)]
        return "".join([*(one[0] for one in outer), '{"stringValue":"x"}', *(one[1] for one in reversed(outer))])

    return re.sub(r'"<deep (\d+)>"', lambda depth: nested(int(depth[1])), json.dumps(content)).encode()


BAD_VALUES = st.one_of(
    st.sampled_from([None, True, -1, 7, 1.5, 2**70, "", "half \ud83d", "Marjolein", "NaN", [], {}, [None], {"a": 1}]),
    st.sampled_from(
        [SPAN, TRACE.upper(), f"{TRACE[:8]}-{TRACE[8:]}", TRACE[:-1], "W47/+XgDgQPSabYzgT/GDA==", "0" * 16]
    ),
    st.sampled_from([{"intValue": "x"}, {"boolValue": "yes"}, {"bytesValue": "%"}, {"arrayValue": 1}, "SPAN_KIND_ODD"]),
    st.sampled_from(["<deep 40>", "<deep 1000>"]),
)


def assert_only_one_is_touched(before: ExportRequest, body: bytes, encoding: Encoding, place: tuple[int, int]) -> None:
    """All records but the one at this place (list, index) are there as before, and the counts add up."""
    signal = kind_of(before)
    accepted = accept(Body(signal, body, encoding, "identity", ""), IngestKeys(Policy()), ANYONE_MAY_SEND, 1 << 26)
    assert accepted.incoming is not None
    after = KINDS[signal].FromString(accepted.incoming.body)
    for number, (was, now) in enumerate(zip(lists_of(before), lists_of(after), strict=True)):
        others = [record for index, record in enumerate(was) if (number, index) != place]
        left = len(now) - len(others)
        assert left in ({0, 1} if number == place[0] else {0})
        kept = [record for index, record in enumerate(now) if not (left and (number, index) == place)]
        assert kept == others
    if signal != "metrics":  # a metric is a list of data points
        assert accepted.incoming.spans + accepted.defects.by_reason.total() == count(before)
    assert "Marjolein" not in accepted.defects.message()


def several(file: Path) -> ExportRequest:
    """A real request, its first record sent twice so that there is a neighbour (with another span id)."""
    request = KINDS[signal_of(file)].FromString(file.read_bytes())
    records = next(records for records in lists_of(request) if records)
    records.append(records[0])
    return request


@ANY_BREAK
@given(data=st.data())
def test_any_value_of_any_record_in_json(data: st.DataObject) -> None:
    before = several(data.draw(st.sampled_from(FILES)))
    content = as_json(before)
    number = data.draw(st.sampled_from([n for n, records in enumerate(lists_of(before)) if records]))
    index = data.draw(st.integers(0, len(lists_of(before)[number]) - 1))
    envelope, scopes, records = {
        "traces": ("resourceSpans", "scopeSpans", "spans"),
        "logs": ("resourceLogs", "scopeLogs", "logRecords"),
        "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
    }[kind_of(before)]
    lists = [scope[records] for one in content[envelope] for scope in one.get(scopes, ()) if records in scope]
    numbers = [n for n, found in enumerate(lists_of(before)) if found]
    record_list = lists[numbers.index(number)]
    container, key = data.draw(st.sampled_from([(record_list, index), *places(record_list[index])]))
    container[key] = data.draw(BAD_VALUES)
    assert_only_one_is_touched(before, written(content), "json", (number, index))


@ANY_BREAK
@given(
    data=st.data(), bad=st.sampled_from([b"\xff@@@@@", b"\xe2\x82@@@@", b"@@@@@\xc3", b"\xed\xa0\xbd@@@", b"\xff" * 6])
)
def test_any_text_of_any_record_in_protobuf(data: st.DataObject, bad: bytes) -> None:
    before = several(data.draw(st.sampled_from(FILES)))
    number = data.draw(st.sampled_from([n for n, records in enumerate(lists_of(before)) if records]))
    index = data.draw(st.integers(0, len(lists_of(before)[number]) - 1))
    marked = type(before).FromString(before.SerializeToString())
    holder, field = data.draw(st.sampled_from(texts(lists_of(marked)[number][index])))
    setattr(holder, field, MARK)
    body = marked.SerializeToString()
    assert body.count(MARK.encode()) == 1
    assert_only_one_is_touched(before, body.replace(MARK.encode(), bad), "protobuf", (number, index))


def texts(message: Any) -> list[tuple[Any, str]]:
    """Every text of a message, as its holder and field."""
    found = []
    for field, value in message.ListFields():
        if field.message_type is not None:
            found += [each for inside in (value if field.is_repeated else [value]) for each in texts(inside)]
        elif field.type == field.TYPE_STRING:
            found.append((message, field.name))
    return found


@ANY_BREAK
@given(data=st.data())
def test_any_broken_record_in_protobuf(data: st.DataObject) -> None:
    before = several(data.draw(st.sampled_from([file for file in FILES if signal_of(file) != "metrics"])))
    number = data.draw(st.sampled_from([n for n, records in enumerate(lists_of(before)) if records]))
    index = data.draw(st.integers(0, len(lists_of(before)[number]) - 1))
    record = lists_of(before)[number][index]
    size = record.ByteSize()
    marked = type(before).FromString(before.SerializeToString())
    lists_of(marked)[number][index].Clear()
    lists_of(marked)[number][index].MergeFrom(type(record)(attributes=[{"key": "@" * (size - 4)}]))
    whole = lists_of(marked)[number][index].SerializeToString()
    bad = bytearray(record.SerializeToString().ljust(len(whole), b"\0")[: len(whole)])
    for place in data.draw(st.lists(st.integers(0, len(bad) - 1), min_size=1, max_size=4)):
        bad[place] = data.draw(st.integers(0, 255))
    body = marked.SerializeToString()
    assert body.count(whole) == 1
    assert_only_one_is_touched(before, body.replace(whole, bytes(bad)), "protobuf", (number, index))


def one_span(**fields: Any) -> tuple[Span, Defects]:
    span = {"traceId": TRACE, "spanId": SPAN} | fields
    defects = Defects()
    body = written({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    request = decode("traces", body, "json", defects)
    assert isinstance(request, ExportTraceServiceRequest)
    return request.resource_spans[0].scope_spans[0].spans[0], defects


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"intValue": "seven"}, "seven"),
        ({"boolValue": "true"}, "true"),
        ({"stringValue": 7}, "7"),
        ({"stringValue": {"a": [1, None]}}, '{"a": [1, null]}'),
        ({"stringValue": "half \ud83d"}, "half \ufffd"),
        ({"arrayValue": "a"}, "a"),
        ({"kvlistValue": [1]}, "[1]"),
        ("bare", "bare"),
        (7, "7"),
        ("<deep 1000>", None),
    ],
)
def test_a_value_of_an_attribute_is_kept_as_text(value: Any, text: str | None) -> None:
    span, defects = one_span(attributes=[{"key": "k", "value": value}, {"key": "n", "value": {"intValue": "7"}}])
    assert [attribute.key for attribute in span.attributes] == ["k", "n", "otlp.mended"]
    assert span.attributes[1].value.int_value == 7
    if text is None:
        assert "<NESTED TOO DEEP>" in str(span.attributes[0].value)
    else:
        assert span.attributes[0].value.string_value == text
    (mended,) = [attribute.value.string_value for attribute in span.attributes if attribute.key == "otlp.mended"]
    assert mended.startswith("attributes[0].value")
    assert defects.message() == f"Mended 1: resource_spans[0].scope_spans[0].spans[0].{mended}."


@pytest.mark.parametrize("written", ["5b8efff7-9803-8103-d269-b633813fc60c", "W47/95gDgQPSabYzgT/GDA==", TRACE.upper()])
def test_an_id_in_another_certain_form_is_read(written: str) -> None:
    assert one_span(traceId=written)[0].trace_id.hex() == TRACE


@pytest.mark.parametrize("written", ["5b8efff7-9803-8103", TRACE[:-2], 7, None, "", [], "not hex", "0" * 32])
def test_a_span_with_an_invalid_trace_id_is_rejected_alone(written: Any) -> None:
    good = {"traceId": TRACE, "spanId": SPAN}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [good | {"traceId": written}, good]}]}]})
    request = decode("traces", body.encode(), "json", defects := Defects())
    assert count(request) == 1
    assert defects.by_reason == {"invalid_ids": 1}
    assert "Rejected 1: resource_spans[0].scope_spans[0].spans[0]: no trace id of 16 bytes" in defects.message()


@pytest.mark.parametrize("status", ["ERROR", "error", "STATUS_CODE_ERROR", 2])
def test_an_enum_may_be_written_without_its_prefix(status: str | int) -> None:
    assert one_span(status={"code": status})[0].status.code == 2


def test_attributes_may_be_an_object() -> None:
    span, _ = one_span(attributes={"a": "b", "n": {"intValue": 7}})
    assert [(one.key, one.value.string_value, one.value.int_value) for one in span.attributes[:2]] == [
        ("a", "b", 0),
        ("n", "", 7),
    ]


def test_bytes_that_are_no_utf8_are_replaced_in_json_too() -> None:
    span, defects = one_span(name=MARK)
    assert not defects
    body = json.dumps(as_json(wrapped(span))).encode().replace(MARK.encode(), b"12 \xe2\x82")
    request = decode("traces", body, "json")
    assert isinstance(request, ExportTraceServiceRequest)
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "12 \ufffd"


@pytest.mark.parametrize("name", [b"na\xffme", b"\\ud83d", b"\\udc00x"])
def test_a_name_of_a_field_that_is_no_utf8_costs_that_field_alone(name: bytes) -> None:
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"%s","%s":"x","name":"sound"}]}]}]}'
    request = ExportTraceServiceRequest()
    defects = Defects()
    parse_json(body % (TRACE.encode(), SPAN.encode(), name), request, defects)
    assert [span.name for span in request.resource_spans[0].scope_spans[0].spans] == ["sound"]
    assert not defects.rejected


def test_an_escape_that_json_does_not_have_costs_one_character() -> None:
    body = json.dumps(as_json(wrapped(one_span(name=MARK)[0]))).replace(MARK, r"C:\\temp \u12 \x41 end")
    request = decode("traces", body.encode(), "json")
    assert isinstance(request, ExportTraceServiceRequest)
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "C:\\temp \ufffdu12 \ufffdx41 end"


def wrapped(span: Span) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.append(span)
    return request


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def deep(lists: int) -> bytes:
    """A span with an attribute nested this deep, as protobuf (KeyValue.value is field 2, Span.attributes field 9)."""
    nested = b""
    for _ in range(lists):  # field 1 of ArrayValue and field 5 of AnyValue, one inside the other
        nested = b"\x0a" + varint(len(nested)) + nested
        nested = b"\x2a" + varint(len(nested)) + nested
    attribute = b"\x12" + varint(len(nested)) + nested
    return b"\x4a" + varint(len(attribute)) + attribute


@pytest.mark.parametrize("lists", [40, 47, 48, 49, 60, 1_000])
def test_deep_nesting_is_cut_where_the_parser_ends_and_no_earlier(lists: int) -> None:
    body = deep(lists) + b"\x0a\x10" + bytes.fromhex(TRACE) + b"\x12\x08" + bytes.fromhex(SPAN)
    for tag in (b"\x12", b"\x12", b"\x0a"):
        body = tag + varint(len(body)) + body
    request = decode("traces", body, "protobuf", defects := Defects())
    assert isinstance(request, ExportTraceServiceRequest)
    (span,) = request.resource_spans[0].scope_spans[0].spans
    value, depth = span.attributes[0].value, 0
    while value.WhichOneof("value") == "array_value":
        value, depth = value.array_value.values[0], depth + 1
    assert depth == min(lists, 47)
    assert (value.string_value == "<NESTED TOO DEEP>") is bool(defects) is (lists > 47)
    again = decode("traces", json.dumps(as_json(request)).encode(), "json", defects := Defects())
    assert (again, bool(defects)) == (request, False)


def test_what_precedes_a_cut_is_stored() -> None:
    request = wrapped(Span(trace_id=b"t" * 16, span_id=b"s" * 8))
    request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"z" * 8, name="n" * 100)
    body = request.SerializeToString()
    after = decode("traces", body[:-50], "protobuf", defects := Defects())
    assert count(after) == 1
    assert defects.by_reason == {"unreadable": 1}
    with pytest.raises(BadRequestError, match=r"^Nothing in the body can be read: the request: cut off"):
        decode("traces", body[:20], "protobuf")


def test_too_many_defects_are_refused() -> None:
    request = wrapped(Span(trace_id=b"t" * 16, span_id=b"s" * 8))
    events = request.resource_spans[0].scope_spans[0].spans[0].events
    for _ in range(100_001):
        events.add(name="@")
    with pytest.raises(BadRequestError, match=r"^More than 100000 values cannot be read, the first at resource_spans"):
        decode("traces", request.SerializeToString().replace(b"@", b"\xff"), "protobuf")
