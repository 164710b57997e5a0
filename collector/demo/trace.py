"""The spans of one sample run, with a clock of their own; they get real times when the run is complete."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

MILLISECOND = 1_000_000
Value = str | int | float | bool | list[str]


class Trace:
    """The spans of one run, in the order of their ends. Until `place`, times are ns since the start of the run."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.clock = 0
        self.spans: list[Span] = []
        self._trace_id = secrets.token_bytes(16)  # always new, also with the same seed
        self._open: list[Span] = []

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Value], *, client: bool = False) -> Iterator[Span]:
        """Open a child of the open span; its duration is the time that passes in the block."""
        span = Span(
            trace_id=self._trace_id,
            span_id=secrets.token_bytes(8),
            parent_span_id=self._open[-1].span_id if self._open else b"",
            name=name,
            kind=Span.SPAN_KIND_CLIENT if client else Span.SPAN_KIND_INTERNAL,
            start_time_unix_nano=self.clock,
        )
        describe(span, attributes)
        self._open.append(span)
        yield span
        self._open.pop()
        span.end_time_unix_nano = self.clock
        self.spans.append(span)

    def wait(self, milliseconds: float) -> None:
        """Advance the clock by about this time, seldom by much more."""
        factor = self.rng.lognormvariate(0, 0.3) * (4 if self.rng.random() < 0.02 else 1)  # noqa: PLR2004 - a long tail
        self.clock += int(milliseconds * factor * MILLISECOND)

    def fail(self, span: Span, error_type: str, message: str) -> None:
        """Mark a span as failed, as instrumentations do: status, error type and an exception event."""
        span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=message))
        describe(span, {"error.type": error_type})
        event = span.events.add(name="exception", time_unix_nano=self.clock)
        event.attributes.extend(_pairs({"exception.type": error_type, "exception.message": message}))

    def place(self, ends_at: int) -> list[Span]:
        """Return the spans, moved so that the run ends at this time (ns since 1970)."""
        start = ends_at - self.clock
        for span in self.spans:
            span.start_time_unix_nano += start
            span.end_time_unix_nano += start
            for event in span.events:
                event.time_unix_nano += start
        return self.spans


def describe(span: Span, attributes: Mapping[str, Value]) -> None:
    """Add attributes to a span."""
    span.attributes.extend(_pairs(attributes))


def attributes_of(values: Mapping[str, Value]) -> Sequence[KeyValue]:
    """Return the values as OTLP attributes."""
    return _pairs(values)


def _pairs(values: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in values.items()]


def _any(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=item) for item in value]))
    return AnyValue(string_value=value)
