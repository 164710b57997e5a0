"""Whose a text is, asked before it is redacted: a team's own rules hold only where it is sure whose text it is.

Sure is what an ingest key stamped on the resource, then what a record itself says under an operator's key. Else what
its ancestors in the same request, its resource and its metadata say, if they agree. Ancestors that come in another
request are not waited for. Where several are named, or none, the strictest rules of all teams hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redaction.teams import Whose
from schema.otlp.attributes import STAMPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

_METADATA = (".metadata.", ".association.properties.")
"""Dialects hang a caller's metadata on spans under these, and the names of a team are looked up there too."""

NOBODY = Whose()
_SEVERAL = 2
"""So many names say no more than that it is not certain; what else ancestors name changes nothing."""


class Owners:
    """Finds the owners of the texts of one request; `keys` are the attribute keys of a team, strongest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._ends = tuple(f".{key}" for key in keys)
        self._said_from: dict[bytes, frozenset[str]] = {}  # by span: what it says and those above it

    def of_spans(self, resource_spans: ResourceSpans, request_spans: dict[bytes, Span]) -> list[Whose]:
        """Return the owner of each span of a resource, in order; `request_spans` are those of the request by id."""
        spans = [span for scope in resource_spans.scope_spans for span in scope.spans]
        resource = resource_spans.resource
        return [self._of(resource, span.attributes, self._above(span, request_spans), span.trace_id) for span in spans]

    def of_record(self, resource: Resource, attributes: Iterable[KeyValue], trace_id: bytes = b"") -> Whose:
        """Return the owner of a log record or a metric."""
        return self._of(resource, attributes, (), trace_id)

    def by_id(self, resources: Iterable[ResourceSpans]) -> dict[bytes, Span]:
        """Return the spans of a request by trace and span id."""
        return {
            span.trace_id + span.span_id: span
            for resource_spans in resources
            for scope in resource_spans.scope_spans
            for span in scope.spans
        }

    def _of(self, resource: Resource, attributes: Iterable[KeyValue], above: Iterable[str], trace_id: bytes) -> Whose:
        run = trace_id.hex()
        given = self._said(resource.attributes)
        if any(pair.key == f"{STAMPED}team" and pair.value.bool_value for pair in resource.attributes):
            stamped = next((value for key, value in given if key == self._keys[0]), None)
            return Whose(stamped, run)
        said = self._said(attributes)
        for key in self._keys:
            own = next((value for name, value in said if name == key), None)
            if own is not None:
                return Whose(own, run)
        names = {*above, *(value for _, value in said), *(value for _, value in given)}
        return Whose(names.pop() if len(names) == 1 else None, run)

    def _said(self, attributes: Iterable[KeyValue]) -> list[tuple[str, str]]:
        return [
            (pair.key, pair.value.string_value)
            for pair in attributes
            if pair.value.string_value
            and (pair.key in self._keys or (pair.key.endswith(self._ends) and any(m in pair.key for m in _METADATA)))
        ]

    def _above(self, span: Span, request_spans: dict[bytes, Span]) -> frozenset[str]:
        """Return what the ancestors of a span say; each is asked once, however many are below it."""
        path: list[Span] = []
        seen = {span.trace_id + span.span_id}
        place = span.trace_id + span.parent_span_id if span.parent_span_id else b""
        while place in request_spans and place not in self._said_from and place not in seen:
            path.append(request_spans[place])
            seen.add(place)
            parent = request_spans[place].parent_span_id
            place = span.trace_id + parent if parent else b""
        names = self._said_from.get(place, frozenset())
        if place in seen:  # a circle: each is an ancestor of each
            names = frozenset(value for one in (span, *path) for _, value in self._said(one.attributes))
        for one in reversed(path):
            if len(names) < _SEVERAL:
                names |= {value for _, value in self._said(one.attributes)}
            self._said_from[one.trace_id + one.span_id] = names
        return names


def shared(owners: Sequence[Whose]) -> Whose:
    """Return the owner of what several records share: their resource and scope."""
    different = {owner.team for owner in owners}
    runs = {owner.run for owner in owners}
    return Whose(different.pop() if len(different) == 1 else None, runs.pop() if len(runs) == 1 else "")
