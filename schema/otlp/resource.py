"""Attributes of a resource, scope or record as text, and the team that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.otlp.attributes import STAMPED, plain, text
from schema.span import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue


def text_map(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """Return the attributes as text by key; a key that comes twice keeps its last value."""
    return {attribute.key: text(plain(attribute.value)) for attribute in attributes}


def first_of(keys: Iterable[str], *places: dict[str, str]) -> str:
    """Return the first value that one of the keys has, place by place, or "unassigned"."""
    for place in places:
        for key in keys:
            if place.get(key):
                return place[key]
    return UNASSIGNED


def team_of(keys: Iterable[str], attributes: dict[str, str], resource: dict[str, str]) -> str:
    """Return the team of a log record or a metric point: a stamp of an ingest key on the resource wins."""
    stamped = resource.get(f"{STAMPED}team") == "true"
    return first_of(keys, resource) if stamped else first_of(keys, attributes, resource)
