"""Which spans and runs a log record may speak of: those of its own team.

A record that an ingest key stamped speaks of spans of that team only. Another one also speaks of them if it names no
team, or if its resource names the team that the span's resource does: a parent may have given the span another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schema.otlp.attributes import STAMPED
from schema.span import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable

IS_STAMPED: Final = f"resource_attributes['{STAMPED}team'] = 'true'"
"""SQL over `logs`: an ingest key says which team the record is of."""

RESOURCE_TEAM: Final = "context['resource.team']"
"""SQL over `spans`: the team that a span's resource names, empty if it names none or a key stamped it."""

_SPEAKS: Final = f"team = '{UNASSIGNED}' OR has({{resources:Array(String)}}, team)"
SPEAKS_OF: Final = f"(team = {{team:String}} OR NOT {IS_STAMPED} AND ({_SPEAKS}))"
"""SQL over `logs`: the record speaks of spans of `team`, of which the resources name the teams `resources`."""


def speakers(team: str, resources: Iterable[str]) -> set[tuple[str, bool]]:
    """Return the same as SPEAKS_OF: of which records, by team and whether it is stamped, a run is spoken of."""
    return {(team, True), (team, False), (UNASSIGNED, False), *((named, False) for named in resources)}
