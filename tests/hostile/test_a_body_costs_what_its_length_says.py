"""Decoding any body takes time and memory linear in its length, up to a limit."""

from __future__ import annotations

import gzip
import re
import sys
import time
import zlib
from functools import partial
from typing import TYPE_CHECKING

import pytest
from aftermath import assert_unharmed
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from collector.keys.ingest_keys import IngestKeys
from collector.otlp.defects import Defects
from collector.otlp.messages import decode, drop_invalid_spans
from collector.otlp.refusals import BadRequestError, TooLargeError
from collector.receivers import inflate as inflating
from collector.receivers.inflate import inflate
from schema.policy.policy import IngestKey, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from instance import Instance

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1 << 20
_SKIPPABLE = bytes.fromhex("502a4d18") + bytes(4)  # an empty skippable frame (RFC 8878, 3.1.2)
MEMBERS = {
    "gzip": gzip.compress(b""),
    "x-gzip": gzip.compress(b"a"),
    "deflate": zlib.compress(b""),
    "zstd": zstd.compress(b""),
}


def cpu(act: Callable[[], object], rounds: int) -> float:
    """Return the CPU-seconds of a call: the minimum of several."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return min(taken)


def assert_linear(act: Callable[[int], object], size: int) -> None:
    """Sixteen times the size takes less than 64 times the time: by the square it would be 256 times.

    Half of that is room for caches that a full process no longer fits into. Measured again in case other work was in
    the way.
    """
    for rounds in (3, 9):
        short, long = (cpu(partial(act, number), rounds) for number in (size, 16 * size))
        if long < 64 * short:
            return
    pytest.fail(f"{short:.3f} s for {size}, and {long:.3f} s for sixteen times as many")


@pytest.mark.parametrize("encoding", MEMBERS)
def test_a_body_of_very_many_members_is_refused(encoding: str) -> None:
    with pytest.raises(BadRequestError, match=r"has more than 4096 members: compress it as one\.$"):
        inflate(MEMBERS[encoding] * 20_000, encoding, MIB)
    content = inflate(MEMBERS[encoding] * 4_096, encoding, MIB)
    assert content in {b"", b"a" * 4_096}


def test_skippable_frames_count_as_frames() -> None:
    assert inflate(_SKIPPABLE * 100 + zstd.compress(b"body"), "zstd", MIB) == b"body"
    with pytest.raises(BadRequestError, match="members"):
        inflate(_SKIPPABLE * 20_000 + zstd.compress(b"body"), "zstd", MIB)


def test_a_body_that_takes_a_decoder_for_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "CPU_SECONDS", 0.0)
    with pytest.raises(BadRequestError, match="takes more than 0 s to decompress"):
        inflate(gzip.compress(bytes(4 * MIB)), "gzip", 8 * MIB)


@pytest.mark.parametrize(
    "content",
    [
        b"\x0a\x00" * (2 * MIB),  # envelopes
        b"\x0a\x80\x80\xc0\x01\x12\xfb\xff\xbf\x01" + b"\x12\x00" * (3 * MIB // 2 - 2),  # spans
    ],
)
def test_too_many_messages_are_refused_before_decoding(content: bytes) -> None:
    with pytest.raises(TooLargeError, match=r"^The request holds too many spans, attributes and values"):
        decode("traces", content, "protobuf")


def test_a_long_text_is_not_taken_for_many_messages() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.attributes.add(key="input.value").value.string_value = "\n\0\x12\0" * (4 * MIB)
    assert decode("traces", request.SerializeToString(), "protobuf") == request


@pytest.mark.parametrize("item", ["{}", "[]", "0", '"a":{}'])
def test_too_many_json_values_are_refused(item: str) -> None:
    inside = ",".join([item] * 600_000)
    body = f'{{"x":{{{inside}}}}}' if ":" in item else f'{{"resourceSpans":[{inside}]}}'
    with pytest.raises(TooLargeError, match="The JSON holds more than 500000 objects, lists and items"):
        decode("traces", body.encode(), "json")


def test_a_long_text_is_not_taken_for_many_json_values() -> None:
    text = r"{[,\"{[,\\" * 300_000
    body = f'{{"resourceSpans":[{{"schemaUrl":"{text}"}}]}}'
    request = decode("traces", body.encode(), "json")
    assert isinstance(request, ExportTraceServiceRequest)
    assert request.resource_spans[0].schema_url == text.replace('\\"', '"').replace("\\\\", "\\")


@pytest.mark.parametrize("value", ["1e999999999", "-1e999", "1e400", "9" * 5_000, "NaN", "Infinity"])
@pytest.mark.parametrize("field", ["kind", "startTimeUnixNano", "flags", "droppedAttributesCount"])
def test_an_invalid_number_is_unknown(field: str, value: str) -> None:
    ids = f'"traceId":"{"a" * 32}","spanId":"{"b" * 16}"'
    body = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{ids},"{field}":{value}}}]}}]}}]}}'
    defects = Defects()
    request = decode("traces", body.encode(), "json", defects)
    assert isinstance(request, ExportTraceServiceRequest)
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert {known.name for known, _ in span.ListFields()} == {"trace_id", "span_id", "attributes"}
    assert [(path[1], kind) for path, kind in defects.mended if path] == [
        (re.sub("([A-Z])", r"_\1", field).lower(), "no value of the enum" if field == "kind" else "not a number")
    ]


def test_invalid_spans_among_valid_ones_are_removed_in_linear_time() -> None:
    pair = ScopeSpans(
        spans=[Span(trace_id=b"t" * 16, span_id=b"s" * 8, name="good"), Span(trace_id=b"t" * 16, name="bad")]
    ).SerializeToString()

    def drop(number: int) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest()
        request.resource_spans.add().scope_spans.add().MergeFromString(pair * number)
        drop_invalid_spans(request, defects := Defects())
        assert defects.by_reason == {"invalid_ids": number}
        return request

    assert {span.name for span in drop(100).resource_spans[0].scope_spans[0].spans} == {"good"}
    assert_linear(drop, 7_500)


def test_team_attributes_are_removed_in_linear_time() -> None:
    keys = IngestKeys(Policy())
    key = IngestKey(name="alpha", sha256="0" * 64, team="alpha")
    pair = Span(attributes=[KeyValue(key="spanledger.team"), KeyValue(key="other")]).SerializeToString()

    def stamp(number: int) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest()
        request.resource_spans.add().scope_spans.add().spans.add().MergeFromString(pair * number)
        keys.stamp(key, request)
        return request

    left = stamp(1_000).resource_spans[0].scope_spans[0].spans[0].attributes
    assert [attribute.key for attribute in left] == ["other"] * 1_000
    assert_linear(stamp, 5_000)


def test_an_instance_takes_compressed_requests_while_bombs_come(attacked: Instance) -> None:
    bombs = {encoding: member * (2 * MIB // len(member)) for encoding, member in MEMBERS.items()}
    for encoding, bomb in bombs.items():
        refused = attacked.send(bomb, **{"content-encoding": encoding})
        assert refused.status_code == 400
        assert b"members" in refused.content
    refused = attacked.send(gzip.compress(b"\x0a\x00" * (16 * MIB)), **{"content-encoding": "gzip"})
    assert refused.status_code == 413
    assert_unharmed(attacked)
