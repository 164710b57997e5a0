"""Typed PII in every place that OTLP has for a value is redacted as it would be as text.

The places come from the proto descriptors: a field that a later OTLP adds fails here until it is decided about.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest
from aftermath import assert_unharmed
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from otlp_requests import any_value, request

from collector.pipeline.redact import redact_traces
from collector.pipeline.worker import build_pipeline
from redaction.recognizers.check_digits import luhn
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message
    from instance import Instance

    from collector.pipeline.pipeline import Pipeline
    from collector.spool.spool import Signal

SIGNALS: dict[Signal, Any] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
CARD, SSN, PHONE = 4539805112345677, 78051120, 4155550137  # the SSN is 078-05-1120
PLANTED: dict[str, float] = {
    "card_number": CARD,
    "n": float(CARD),  # no key says so: by its check digit, its issuer and its length
    "customer.ssn": SSN,
    "contact.phone": float(PHONE),
    "accountPin": 864209,
    "birth_date": 19800131,
    "geo.location.lat": 48.858370123,
}
IDS = {"trace_id", "span_id", "parent_span_id"}
STORED_MEASUREMENTS = {"as_int", "as_double", "sum"}
OTHER_MEASUREMENTS = {"min", "max", "value", "quantile", "explicit_bounds", "zero_threshold"}  # stored nowhere
STRUCTURE = {
    *(
        "time_unix_nano",
        "start_time_unix_nano",
        "end_time_unix_nano",
        "observed_time_unix_nano",
        "flags",
        "kind",
        "code",
    ),
    *("dropped_attributes_count", "dropped_events_count", "dropped_links_count", "severity_number", "is_monotonic"),
    *("count", "bucket_counts", "scale", "zero_count", "offset", "aggregation_temporality", "key_strindex"),
}
RECEIVED = 1_795_325_000_000_000_000
UNKNOWN = b"\xc0\x3e" + bytes.fromhex("8d97e8ddc38f8808") + b"\xca\x3e\x10" + str(CARD).encode()
"""Fields 1000 and 1001, which OTLP does not have: the card as a varint and as digits."""

Path = tuple[FieldDescriptor, ...]


def fields(message: Descriptor, above: Path = ()) -> Iterator[Path]:
    """Return the paths to every scalar field of a message; an AnyValue is not entered."""
    for field in message.fields:
        if field.message_type is None or field.message_type is AnyValue.DESCRIPTOR:
            yield (*above, field)
        else:
            yield from fields(field.message_type, (*above, field))


def places(signal: Signal, kind: str) -> list[Path]:
    """Return the paths to all fields of a signal that hold a "value", a "string", "bytes" or a "number"."""
    found = []
    for path in fields(SIGNALS[signal].DESCRIPTOR):
        field = path[-1]
        names = {FieldDescriptor.TYPE_STRING: "string", FieldDescriptor.TYPE_BYTES: "bytes"}
        if kind == ("value" if field.message_type else names.get(field.type, "number")):
            found.append(path)
    return found


def planted(signal: Signal, path: Path, value: object, key: str) -> Message:
    """Return a request of one record with a value at one path. `key` is its attribute key or its metric's name."""
    request = SIGNALS[signal]()
    holder = request
    for field in path[:-1]:
        child = getattr(holder, field.name)
        holder = child.add() if field.is_repeated else child
        holder.SetInParent()
        if field.name == "metrics" and key:
            holder.name = key
    last = path[-1]
    if last.containing_type.name == "KeyValue" and last.name == "value":
        holder.key = key
    if last.message_type:
        getattr(holder, last.name).CopyFrom(value)
    elif last.is_repeated:
        getattr(holder, last.name).append(value)
    else:
        setattr(holder, last.name, value)
    holder.MergeFromString(UNKNOWN)
    _complete(request)
    return request


def _complete(message: Any) -> None:
    """Add missing messages, so that the request becomes a row."""
    for field in message.DESCRIPTOR.fields:
        name = field.name
        if name.startswith(("resource_", "scope_")) or name in {"spans", "log_records", "metrics", "data_points"}:
            if not getattr(message, name):
                getattr(message, name).add()
            _complete(getattr(message, name)[0])
    if message.DESCRIPTOR.name == "Metric":
        _complete(getattr(message, message.WhichOneof("data") or "gauge"))


def together(signal: Signal, requests: list[Message]) -> bytes:
    request = SIGNALS[signal]()
    for one in requests:
        request.MergeFrom(one)
    body: bytes = request.SerializeToString()
    return body


def shapes(key: str, number: float) -> Iterator[tuple[str, AnyValue]]:
    """Return every form in which an attribute can hold a number under a key."""
    digits = str(int(number) if number == int(number) else number)
    for outer, value in ((key, number), (key, [True, [number]]), ("x", {key: number}), ("x", [{"y": {key: [number]}}])):
        yield outer, any_value(value)
    yield key, any_value(digits.encode())
    if number == int(number) < 2**31:
        yield key, AnyValue(string_value_strindex=int(number))


def under_its_key(path: Path, key: str, outer: str) -> bool:
    """Return whether a value at this path has a key: the body of a log record has none."""
    return path[-1].containing_type.name == "KeyValue" or key in {"n", ""} or outer == "x"


def requests_of_values(signal: Signal) -> list[Message]:
    return [
        planted(signal, path, value, outer)
        for path in places(signal, "value")
        for key, number in PLANTED.items()
        for outer, value in shapes(key, number)
        if under_its_key(path, key, outer)
    ]


def requests_of_texts(signal: Signal) -> list[Message]:
    return [planted(signal, path, f"card {CARD}", "") for path in places(signal, "string")]


def measurements() -> list[Path]:
    """Return the paths to the stored numbers of data points; exemplars are not stored."""
    found = [path for path in places("metrics", "number") if path[-1].name in STORED_MEASUREMENTS]
    return [path for path in found if "exemplars" not in {field.name for field in path}]


def requests_of_measurements() -> list[Message]:
    return [planted("metrics", path, SSN, "customer.ssn") for path in measurements()]


def left(content: str) -> list[str]:
    """Return the planted numbers that a text contains, as digits or as their base64."""
    forms = {f"{number:.8f}".rstrip("0").rstrip(".") for number in PLANTED.values()}
    forms |= {base64.b64encode(form.encode()).decode()[:-3] for form in forms}
    return [form for form in forms if form in content]


def rows(pipeline: Pipeline, signal: Signal, body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pipeline.process(signal, body, received_at=RECEIVED).rows.to_pylist()
    return found


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    built = build_pipeline(Policy())
    yield built
    built.redactor.close()


def test_every_field_of_otlp_is_decided_about() -> None:
    kinds = {"string_value", "bool_value", "int_value", "double_value", "array_value", "kvlist_value", "bytes_value"}
    assert {field.name for field in AnyValue.DESCRIPTOR.fields} == kinds | {"string_value_strindex"}
    for signal in SIGNALS:
        numbers = {path[-1].name for path in places(signal, "number")}
        assert numbers <= STRUCTURE | STORED_MEASUREMENTS | OTHER_MEASUREMENTS
        assert {path[-1].name for path in places(signal, "bytes")} <= IDS
        assert len(places(signal, "value")) >= 4


@pytest.mark.parametrize("signal", SIGNALS)
def test_typed_values_go_from_every_place_of_a_value(pipeline: Pipeline, signal: Signal) -> None:
    sent = requests_of_values(signal)
    stored = rows(pipeline, signal, together(signal, sent))
    assert left(str(stored)) == []
    assert sum(count for row in stored for _, count in row["findings"]) == len(sent) > 100


@pytest.mark.parametrize("signal", SIGNALS)
def test_digits_go_from_every_text(pipeline: Pipeline, signal: Signal) -> None:
    assert left(str(rows(pipeline, signal, together(signal, requests_of_texts(signal))))) == []


def test_what_a_metric_measures_is_unknown_where_its_name_says_that_it_is_personal(pipeline: Pipeline) -> None:
    stored = rows(pipeline, "metrics", together("metrics", requests_of_measurements()))
    assert left(str(stored)) == []
    assert {(row["value"], row["sum"]) for row in stored} == {(None, None)}
    assert [row["findings"] for row in stored] == [[("US_SSN", 1)]] * len(measurements()) != []


def test_what_a_counter_counts_and_other_metrics_measure_stays(pipeline: Pipeline) -> None:
    body = ExportMetricsServiceRequest()
    metrics = body.resource_metrics.add().scope_metrics.add().metrics
    counter = metrics.add(name="logins.password").sum
    counter.is_monotonic = True
    counter.data_points.add(as_int=150)
    metrics.add(name="disk.used").gauge.data_points.add(as_int=CARD)
    metrics.add(name="latency").histogram.data_points.add(sum=float(CARD), count=2)
    metrics.add(name="no.sum").histogram.data_points.add(count=2)
    stored = rows(pipeline, "metrics", body.SerializeToString())
    assert [(row["value"], row["sum"]) for row in stored] == [(150, None), (CARD, None), (None, CARD), (None, None)]


def test_bytes_that_are_no_text_show_no_number(pipeline: Pipeline) -> None:
    packed = [struct.pack(form, number) for form in ("<q", ">q", "<d", ">d") for number in (CARD, SSN)]
    packed.append(struct.pack("<q", 0x0102030405060708))  # which could be read as UTF-8
    sent = request({"attributes": {f"bytes.{index}": one for index, one in enumerate(packed)}})
    [row] = rows(pipeline, "traces", sent.SerializeToString())
    assert {value for _, value in row["attributes"]} == {"<8 BYTES>"}


_WORDS = (
    "card number pin ssn phone user id lat lon latitude e7 e count tokens account bank dob birth date zip code cvv"
    " value Number Card PIN gpio ms time usage total order passport license tax ip address home customer x 0 [1] s"
    " iban cpf sin medicare password secret token key api access house street otp hash span national coordinates"
)
WORDS = st.sampled_from([*_WORDS.split(), "", ".", "_", "-", " "])
KEYS = st.lists(WORDS, min_size=1, max_size=6).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8
)


@st.composite
def numbers(draw: st.DrawFn) -> float:
    length = draw(st.integers(1, 18))
    digits = draw(st.sampled_from(["4", "51", "37", "62", "36", "6011", "1", "9"])) + str(
        draw(st.integers(0, 10**length))
    )
    number = int(digits[:18])
    while draw(st.booleans()) and not luhn(str(number)):
        number += 1
    if draw(st.booleans()):
        return draw(st.sampled_from([1, -1])) * number
    return draw(
        st.sampled_from([float(number), -number / 10.0**6, number / 10**13, number * 1e-20, 48.85837, -5.1e-05])
    )


@settings(max_examples=300, deadline=None)
@given(KEYS, KEYS, numbers() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_typed_value_goes_exactly_when_the_same_pair_in_json_goes(
    pipeline: Pipeline, outer: str, key: str, number: float
) -> None:
    sent = request({"attributes": {key: number}}, {"attributes": {outer: {key: [number]}}})
    redact_traces(sent, pipeline.redactor, ())
    flat, nested = (scope.spans[0].attributes[0].value for scope in sent.resource_spans[0].scope_spans)
    typed = [flat, nested.kvlist_value.values[0].value.array_value.values[0]]
    redactor = next(iter(pipeline.redactor._redactors.values()))
    texts = [json.dumps({key: number}), json.dumps({outer: {key: [number]}})]
    inside = [next(iter(json.loads(redactor.redact(text).text).values())) for text in texts]
    inside[1] = next(iter(inside[1].values()))[0]
    assert [value.string_value for value in typed] == [one if isinstance(one, str) else "" for one in inside]


def test_no_number_reaches_the_disk(attacked: Instance) -> None:
    for signal in SIGNALS:
        sent = requests_of_values(signal) + requests_of_texts(signal)
        body = together(signal, sent + (requests_of_measurements() if signal == "metrics" else []))
        if signal == "traces":
            body = _with_ids(body)
        assert attacked.send(body, signal).status_code == 200
    attacked.settled()
    for table in ("spans", "logs", "metric_points", "runs"):
        assert left(json.dumps(attacked.sql(f"SELECT * FROM {table}"), default=str)) == [], table
    packed = (struct.pack("<q", CARD), *(struct.pack("<d", number) for number in (CARD, SSN, PHONE)))
    assert_unharmed(attacked, raw=(*packed, *(str(number).encode() for number in (CARD, SSN, PHONE))))


def _with_ids(body: bytes) -> bytes:
    """Set ids on each span; without them it would be rejected."""
    sent = ExportTraceServiceRequest.FromString(body)
    number = 0
    for around in sent.resource_spans:
        for span in around.scope_spans[0].spans:
            number += 1
            span.trace_id, span.span_id = (
                b"\x77" * 12 + number.to_bytes(4, "big"),
                b"\x77" * 4 + number.to_bytes(4, "big"),
            )
    changed: bytes = sent.SerializeToString()
    return changed
