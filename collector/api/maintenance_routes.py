"""The part of the server's API that changes what is stored: prices, deletions, drills."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from fastapi import APIRouter

from collector.api.contract import Drilled, DrillRuns, Purge, Repricing  # noqa: TC001 - FastAPI reads annotations when it runs
from redaction.version import RULES_VERSION
from schema.maintenance.changes import Purged, Repriced  # noqa: TC001 - the same
from schema.maintenance.drills import record, remove
from schema.maintenance.purge import purge
from schema.maintenance.reprice import reprice
from schema.pricing.prices import Prices

if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.policy.policy import Policy
    from schema.store.store import Store

log = logging.getLogger(__name__)


def maintenance_routes(store: Store, policy_in_force: Callable[[], Policy]) -> APIRouter:
    """Return the routes; `policy_in_force` raises PolicyError while the policy file holds another policy."""
    api = APIRouter()

    @api.post("/api/reprice")
    def price_again(wanted: Repricing) -> Repriced:
        days = (datetime.combine(day, time(), UTC) for day in (wanted.start, wanted.end))
        policy = policy_in_force()
        return reprice(store, Prices(policy.prices), *days, team=wanted.team, dry_run=wanted.dry_run, policy=policy)

    @api.post("/api/purge")
    def purge_runs(wanted: Purge) -> Purged:
        purged = purge(store, wanted.by, wanted.value, dry_run=wanted.dry_run)
        if not wanted.dry_run:
            log.info("purged %d runs by %s", purged.runs, wanted.by)
        return purged

    @api.post("/api/drill")
    def keep_drill(drilled: Drilled) -> None:
        record(store, datetime.now(UTC), drilled.seed, RULES_VERSION, drilled.results)

    @api.post("/api/drill/remove")
    def remove_drill(made: DrillRuns) -> None:
        remove(store, made.trace_ids, made.service_name)

    return api
