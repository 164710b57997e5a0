"""What the rows of a tree are called: keys, because spans of one team may share an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schema.shared_ids import keys_of
from schema.store.typed_rows import typed_rows

if TYPE_CHECKING:
    import pyarrow as pa


class Key(NamedTuple):
    """What a row of a tree is called, and what is above it."""

    own: str
    parent: str
    team: str


class _Row(NamedTuple):
    """The columns of a span that its key depends on."""

    span_id: str
    parent_span_id: str
    team: str
    span_kind: str
    service_name: str


def keys_of_rows(spans: pa.Table) -> list[Key]:
    """Return the key of each span; ids are shared within a team."""
    rows = list(typed_rows(spans, _Row))
    by_team: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        by_team.setdefault(row.team, []).append(index)
    found: dict[int, Key] = {}
    for team, members in by_team.items():
        keys = keys_of([rows[index] for index in members])
        found.update({index: Key(*key, team) for index, key in zip(members, keys, strict=True)})
    return [found[index] for index in range(len(rows))]
