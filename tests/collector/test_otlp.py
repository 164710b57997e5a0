from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector.otlp.defects import Defects
from collector.otlp.messages import (
    Encoding,
    count,
    decode,
    drop_invalid_spans,
    encoding_of,
    failure,
    resources,
    success,
)
from collector.otlp.refusals import BadRequestError, RefusedError, TooLargeError, UnsupportedError
from collector.receivers.inflate import content_encoding, inflate
from collector.spool.spool import Signal

if TYPE_CHECKING:
    from collector.otlp.messages import ExportRequest

EXPORTS = sorted((Path(__file__).parents[1] / "data" / "otlp").glob("*/*.pb"))
IDS = {"traceId", "spanId", "parentSpanId"}
LIMIT = 1 << 20

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def signal_of(path: Path) -> Signal:
    name = path.name.split(".")[-2]
    assert name in get_args(Signal)
    return name  # type: ignore[return-value]  # asserted


def as_otlp_json(request: ExportRequest) -> bytes:
    """The specification's JSON encoding, written independently of the code that reads it."""

    def hex_ids(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: base64.b64decode(v).hex() if k in IDS else hex_ids(v) for k, v in value.items()}
        return [hex_ids(item) for item in value] if isinstance(value, list) else value

    return json.dumps(hex_ids(json_format.MessageToDict(request))).encode()


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_real_export_means_the_same_in_protobuf_and_in_json(path: Path) -> None:
    request = decode(signal_of(path), path.read_bytes(), "protobuf")
    assert decode(signal_of(path), as_otlp_json(request), "json") == request


def test_the_real_exports_have_valid_ids_and_are_counted() -> None:
    counted = {"traces": 0, "logs": 0, "metrics": 0}
    for path in EXPORTS:
        request = decode(signal_of(path), path.read_bytes(), "protobuf", defects := Defects())
        assert not defects
        counted[signal_of(path)] += count(request)
        assert len(list(resources(request))) > 0
    assert all(counted.values())


def test_json_takes_numbers_strings_enums_and_unknown_fields_as_the_specification_says() -> None:
    span = {
        "traceId": "5B8EFFF798038103D269B633813FC60C",
        "spanId": "eee19b7ec3c1b174",
        "kind": 2,
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": 1544712661000000000,
        "addedInTheFuture": {"traceId": "zz is not looked at"},
        "attributes": [
            {"key": "traceId", "value": {"stringValue": "a user's own words"}},
            {"key": "n", "value": {"intValue": "9007199254740993"}},
            {"key": "m", "value": {"intValue": 42}},
            {"key": "b", "value": {"bytesValue": "AAEC"}},
        ],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["addedInTheFuture"] = {"deep": [1, 2]}
    request = decode("traces", json.dumps(body).encode(), "json")
    assert isinstance(request, ExportTraceServiceRequest)
    read = request.resource_spans[0].scope_spans[0].spans[0]
    assert read.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert read.span_id.hex() == "eee19b7ec3c1b174"
    assert (read.kind, read.start_time_unix_nano, read.end_time_unix_nano) == (
        2,
        1544712660 * 10**9,
        1544712661 * 10**9,
    )
    values = [attribute.value for attribute in read.attributes]
    assert values[0].string_value == "a user's own words"
    assert [values[1].int_value, values[2].int_value, values[3].bytes_value] == [9007199254740993, 42, b"\0\1\2"]


@given(st.binary(max_size=300), st.sampled_from(get_args(Signal)), st.sampled_from(get_args(Encoding)))
def test_any_bytes_are_a_request_or_a_bad_one(body: bytes, signal: Signal, encoding: Encoding) -> None:
    try:
        request = decode(signal, body, encoding)
    except BadRequestError:
        return
    assert decode(signal, request.SerializeToString(), "protobuf") is not None
    assert count(request) >= 0


@given(
    st.dictionaries(
        st.sampled_from(["traceId", "name", "kind", "attributes", "events", "status", "startTimeUnixNano"]),
        json_values,
        max_size=3,
    )
)
def test_any_json_is_a_request_or_a_bad_one_and_survives_the_spool(span: dict[str, Any]) -> None:
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    try:
        request = decode("traces", body, "json")
    except BadRequestError:
        return
    assert decode("traces", request.SerializeToString(), "protobuf") == request


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"resourceSpans":' * 5_000,
        b'{"resourceSpans": {"scopeSpans": 1}}',
        b'{"resourceSpans": "Marjolein Bakker"}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": "Marjolein Bakker"}]}]}',
        b'"a string"',
        b"null",
        b"\xff\xfe",
    ],
)
def test_hostile_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequestError) as refusal:
        decode("traces", body, "json")
    assert "Marjolein" not in str(refusal.value)


def test_an_error_never_quotes_the_payload() -> None:
    body = b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "Marjolein Bakker" "x"}]}]}]}'
    with pytest.raises(BadRequestError) as refusal:
        decode("traces", body, "json")
    assert refusal.value.__suppress_context__
    assert str(refusal.value) == "The body is not JSON: line 1, column 88."


def test_spans_that_belong_to_no_run_are_dropped_and_counted() -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for trace_id, span_id in [
        (b"t" * 16, b"s" * 8),
        (b"", b"s" * 8),
        (b"\0" * 16, b"s" * 8),
        (b"t" * 16, b"\0" * 8),
        (b"t" * 8, b"s" * 8),
        (b"t" * 16, b"z" * 8),
    ]:
        spans.add(trace_id=trace_id, span_id=span_id)
    drop_invalid_spans(request, defects := Defects())
    assert defects.by_reason == {"invalid_ids": 4}
    assert defects.message().startswith(
        "Rejected 4: resource_spans[0].scope_spans[0].spans[1]: no trace id of 16 bytes"
    )
    assert [span.span_id for span in spans] == [b"s" * 8, b"z" * 8]


def test_answers_are_in_the_encoding_of_the_request() -> None:
    assert success("traces", "protobuf", Defects()) == b""
    assert json.loads(success("logs", "json", Defects())) == {}
    defects = Defects()
    envelope = (None, "resource_spans", 0)
    for number in range(3):
        defects.reject(((envelope, "scope_spans", 1), "spans", number), "no id", "invalid_ids")
    defects.mend((envelope, "schema_url", None), "not UTF-8")
    spans = "; ".join(f"resource_spans[0].scope_spans[1].spans[{number}]: no id" for number in range(3))
    told = f"Rejected 3: {spans}. Mended 1: resource_spans[0].schema_url: not UTF-8."
    partly = ExportTraceServiceResponse.FromString(success("traces", "protobuf", defects))
    assert (partly.partial_success.rejected_spans, partly.partial_success.error_message) == (3, told)
    for signal, name in (("traces", "Spans"), ("logs", "LogRecords"), ("metrics", "DataPoints")):
        answer = json.loads(success(signal, "json", defects))  # type: ignore[arg-type]  # a signal
        assert answer == {"partialSuccess": {f"rejected{name}": "3", "errorMessage": told}}
    assert Status.FromString(failure("protobuf", 3, "why")) == Status(code=3, message="why")
    assert json.loads(failure("json", 3, "why")) == {"code": 3, "message": "why"}


def test_content_types() -> None:
    assert encoding_of("application/x-protobuf") == "protobuf"
    assert encoding_of("Application/JSON; charset=utf-8") == "json"
    for other in (None, "", "text/plain", "application/protobuf; x"):
        with pytest.raises(UnsupportedError):
            encoding_of(other)


@given(st.binary(max_size=2000))
def test_what_was_compressed_comes_back(body: bytes) -> None:
    assert inflate(body, "identity", LIMIT) == body
    assert inflate(gzip.compress(body), "gzip", LIMIT) == body
    assert inflate(zlib.compress(body), "deflate", LIMIT) == body
    assert inflate(gzip.compress(body) + gzip.compress(b"more"), "gzip", LIMIT) == body + b"more"


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_inflate_or_are_refused(body: bytes, encoding: str) -> None:
    try:
        assert len(inflate(body, encoding, 1000)) <= 1000
    except RefusedError:
        return


def test_a_zip_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(bytes(100 * LIMIT))
    with pytest.raises(TooLargeError, match=str(LIMIT)):
        inflate(bomb, "gzip", LIMIT)
    assert len(inflate(gzip.compress(bytes(LIMIT)), "gzip", LIMIT)) == LIMIT
    with pytest.raises(TooLargeError):
        inflate(gzip.compress(bytes(LIMIT // 2)) * 3, "gzip", LIMIT)


def test_a_cut_body_and_an_unknown_compression_are_refused() -> None:
    compressed = gzip.compress(b"hello" * 100)
    for cut in (0, 5, len(compressed) // 2, len(compressed) - 1):
        with pytest.raises(BadRequestError):
            inflate(compressed[:cut], "gzip", LIMIT)
    with pytest.raises(UnsupportedError):
        content_encoding("br")
    assert [content_encoding(header) for header in (None, "", "GZIP", "identity")] == [
        "identity",
        "identity",
        "gzip",
        "identity",
    ]
