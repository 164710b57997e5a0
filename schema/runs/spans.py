"""Read the spans of traces, with the columns that the computation of runs needs."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from schema import copies
from schema.span import PLACED_AT, RunSpan
from schema.store.typed_rows import typed_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schema.store.store import Store

_place = attrgetter("trace_id", "team", "start_time", "span_id", "span_kind", "service_name")
_READ: Final = {
    "team": "toString(team) AS team",
    "start_time": "toUnixTimestamp64Nano(start_time) AS start_time",
    "retain_until": "toUInt32(retain_until) AS retain_until",
    "placed_at": f"{PLACED_AT} AS placed_at",
    "inserted_at": "toUnixTimestamp64Micro(inserted_at) AS inserted_at",
}
_SPANS: Final = copies.spans(
    ", ".join(_READ.get(column, column) for column in RunSpan._fields), "trace_id IN {traces:Array(String)}"
)


def spans_by_run(store: Store, trace_ids: Sequence[str]) -> Iterator[list[RunSpan]]:
    """Yield the spans of each run of these traces, by start time."""
    spans = typed_rows(store.query(_SPANS, {"traces": list(trace_ids)}), RunSpan)
    for _, run in groupby(sorted(spans, key=_place), key=attrgetter("trace_id", "team")):
        yield list(run)
