"""When did something last come for a run?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from schema.queries.scope import Scope
    from schema.store.store import Store


def last_arrival(store: Store, scope: Scope, trace_id: str, team: str) -> datetime | None:
    """Return when the last span of the run was received (aware, UTC), or None if the store has none of it."""
    latest = store.query(
        "SELECT toDateTime64(maxOrNull(received_at), 6, 'UTC') AS latest FROM spans"
        f" WHERE trace_id = {{trace:String}} AND team = {{team:String}} AND {scope.where}",
        {"trace": trace_id, "team": team} | scope.parameters,
    )
    moment: datetime | None = latest.column("latest")[0].as_py()
    return moment
