"""Finds the team that a text belongs to, before redaction. A team's own rules apply only if ownership is certain.

The first match wins: the team that the ingest key stamped on the resource; the team that a record itself names under
an operator's key; the team that its ancestors in the same request, its resource and its metadata name, if they agree.
Ancestors that arrive in another request are not waited for. Otherwise the strictest rules of all teams apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redaction.teams import Owner
from schema.otlp.attributes import STAMPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

_METADATA = (".metadata.", ".association.properties.")
"""Dialects put a caller's metadata on spans under these prefixes; a team's keys are looked up there too."""

UNKNOWN_OWNER = Owner()
_SEVERAL = 2
"""From this many names on the owner is uncertain; further names change nothing."""


class OwnerFinder:
    """Finds the owners of the texts of one request; `keys` are the attribute keys of a team, strongest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._ends = tuple(f".{key}" for key in keys)
        self._named_above: dict[bytes, frozenset[str]] = {}  # by span: the teams that it and its ancestors name

    def of_spans(self, resource_spans: ResourceSpans, request_spans: dict[bytes, Span]) -> list[Owner]:
        """Return the owner of each span of a resource, in order; `request_spans` are those of the request by id."""
        spans = [span for scope in resource_spans.scope_spans for span in scope.spans]
        resource = resource_spans.resource
        return [self._of(resource, span.attributes, self._above(span, request_spans), span.trace_id) for span in spans]

    def of_record(self, resource: Resource, attributes: Iterable[KeyValue], trace_id: bytes = b"") -> Owner:
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

    def _of(self, resource: Resource, attributes: Iterable[KeyValue], above: Iterable[str], trace_id: bytes) -> Owner:
        run = trace_id.hex()
        resource_names = self._team_names(resource.attributes)
        if any(pair.key == f"{STAMPED}team" and pair.value.bool_value for pair in resource.attributes):
            stamped = next((value for key, value in resource_names if key == self._keys[0]), None)
            return Owner(stamped, run)
        own_names = self._team_names(attributes)
        for key in self._keys:
            own = next((value for name, value in own_names if name == key), None)
            if own is not None:
                return Owner(own, run)
        names = {*above, *(value for _, value in own_names), *(value for _, value in resource_names)}
        return Owner(names.pop() if len(names) == 1 else None, run)

    def _team_names(self, attributes: Iterable[KeyValue]) -> list[tuple[str, str]]:
        return [
            (pair.key, pair.value.string_value)
            for pair in attributes
            if pair.value.string_value
            and (pair.key in self._keys or (pair.key.endswith(self._ends) and any(m in pair.key for m in _METADATA)))
        ]

    def _above(self, span: Span, request_spans: dict[bytes, Span]) -> frozenset[str]:
        """Return the teams that the ancestors of a span name; each ancestor is read once."""
        path: list[Span] = []
        seen = {span.trace_id + span.span_id}
        place = span.trace_id + span.parent_span_id if span.parent_span_id else b""
        while place in request_spans and place not in self._named_above and place not in seen:
            path.append(request_spans[place])
            seen.add(place)
            parent = request_spans[place].parent_span_id
            place = span.trace_id + parent if parent else b""
        names = self._named_above.get(place, frozenset())
        if place in seen:  # a circle: each is an ancestor of each
            names = frozenset(value for one in (span, *path) for _, value in self._team_names(one.attributes))
        for one in reversed(path):
            if len(names) < _SEVERAL:
                names |= {value for _, value in self._team_names(one.attributes)}
            self._named_above[one.trace_id + one.span_id] = names
        return names


def shared(owners: Sequence[Owner]) -> Owner:
    """Return the owner of what several records share: their resource and scope."""
    different = {owner.team for owner in owners}
    runs = {owner.run for owner in owners}
    return Owner(different.pop() if len(different) == 1 else None, runs.pop() if len(runs) == 1 else "")
