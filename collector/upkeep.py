"""The part of the house's API that changes what is stored: prices, deletions, drills."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel

from redaction.version import RULES_VERSION
from schema.drills import Result, record, remove
from schema.prices import Prices
from schema.purge import Named, Purged, purge
from schema.reprice import Repriced, reprice

if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.policy import Policy
    from schema.store import Store

log = logging.getLogger(__name__)


class Repricing(BaseModel):
    """Which calls to price again: UTC days, the last one excluded; no team is all of them."""

    start: date
    end: date
    team: str = ""
    dry_run: bool = False


class Purge(BaseModel):
    """Which runs to delete: those of a user, of a session, or one."""

    by: Named
    value: str
    dry_run: bool = False


class Drilled(BaseModel):
    """What a drill found."""

    seed: int
    results: list[Result]


class DrillRuns(BaseModel):
    """The made-up runs of a drill, and the service name of its metrics."""

    trace_ids: list[str]
    service_name: str


def upkeep_routes(store: Store, read_policy: Callable[[], Policy]) -> APIRouter:
    """Return the routes; `read_policy` reads the policy file as it is now."""
    api = APIRouter()

    @api.post("/api/reprice")
    def price_again(wanted: Repricing) -> Repriced:
        days = (datetime.combine(day, time(), UTC) for day in (wanted.start, wanted.end))
        policy = read_policy()
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
