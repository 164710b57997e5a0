"""The spans and runs that a log record belongs to: those of its own team.

A record that an ingest key stamped belongs to spans of that team only. A record without a stamp also belongs to them if
it names no team, or if its resource names the same team as the span's resource: the span may have inherited another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from schema.otlp.attributes import STAMPED
from schema.span import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable

Speaker: TypeAlias = tuple[str, bool]
"""The team of a record, and whether an ingest key stamped it."""

IS_STAMPED: Final = f"resource_attributes['{STAMPED}team'] = 'true'"
"""SQL over `logs`: the team of the record is an ingest key's."""

RESOURCE_TEAM: Final = "context['resource.team']"
"""SQL over `spans`: the team that a span's resource names, empty if it names none or a key stamped it."""

_SPEAKS: Final = f"team = '{UNASSIGNED}' OR has({{resources:Array(String)}}, team)"
SPEAKS_OF: Final = f"(team = {{team:String}} OR NOT {IS_STAMPED} AND ({_SPEAKS}))"
"""SQL over `logs`: the record belongs to spans of `team`; their resources name the teams `resources`."""


def speakers(team: str, resources: Iterable[str]) -> set[Speaker]:
    """Return the same as SPEAKS_OF: the speakers of all records that belong to a run of `team`."""
    return {(team, True), (team, False), (UNASSIGNED, False), *((named, False) for named in resources)}
