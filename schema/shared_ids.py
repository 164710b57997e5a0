"""Spans of a run that share one id: a caller's and a callee's, as Zipkin's B3 headers make them.

Within a run, a key tells them apart: the id, then a dot and a number for each but the first. The caller's span keeps
the id; the callee's is below it, and has the children that come from its own service. Where no id is shared, and that
is nearly always, a key is an id.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_CALLERS: Final = frozenset({"client", "producer"})


class Placed(Protocol):
    """The columns of a span that say where it belongs; all of one run."""

    @property
    def span_id(self) -> str: ...  # noqa: D102 - a column
    @property
    def parent_span_id(self) -> str: ...  # noqa: D102 - a column
    @property
    def span_kind(self) -> str: ...  # noqa: D102 - a column
    @property
    def service_name(self) -> str: ...  # noqa: D102 - a column


def keys_of(spans: Sequence[Placed]) -> list[tuple[str, str]]:
    """Return (key, key of the parent) of each span: their ids, where these are not shared. Copies share a key."""
    if len({span.span_id for span in spans}) == len(spans):
        return [(span.span_id, span.parent_span_id) for span in spans]
    groups: dict[str, set[tuple[bool, str, str]]] = defaultdict(set)
    for span in spans:
        groups[span.span_id].add(_place(span))
    keys: dict[tuple[str, tuple[bool, str, str]], str] = {}
    for span_id, places in groups.items():
        for number, place in enumerate(sorted(places)):
            keys[span_id, place] = f"{span_id}.{number}" if number else span_id
    found = []
    for span in spans:
        key = keys[span.span_id, _place(span)]
        found.append((key, span.span_id if key != span.span_id else _parent(span, groups, keys)))
    return found


def id_of(key: str) -> str:
    """Return the span id of a key."""
    return key.partition(".")[0]


def _place(span: Placed) -> tuple[bool, str, str]:
    """Return what tells spans of one id apart, callers first."""
    return span.span_kind not in _CALLERS, span.span_kind, span.service_name


def _parent(
    span: Placed,
    groups: dict[str, set[tuple[bool, str, str]]],
    keys: dict[tuple[str, tuple[bool, str, str]], str],
) -> str:
    """Return the key of the parent: of several with that id the last one of the span's own service, else the first."""
    parent = span.parent_span_id
    own = [place for place in sorted(groups.get(parent, ())) if place[2] == span.service_name]
    return keys[parent, own[-1]] if own else parent
