"""API routes for the state of requests: the ledger and the quarantine."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - FastAPI reads annotations at run time
from typing import TYPE_CHECKING

from fastapi import APIRouter

from collector.api.contract import Chosen  # noqa: TC001 - the same
from collector.jobs.ledger_copy import LedgerCopy
from collector.spool import quarantine
from collector.spool.records import Quarantined  # noqa: TC001 - the same
from schema.ledger_lines import By, Line  # noqa: TC001 - FastAPI reads them
from schema.queries.holdings import holdings
from schema.queries.ledger import lines
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from collector.spool.spool import Spool
    from schema.store.store import Store


def ledger_routes(store: Store, spool: Spool) -> APIRouter:
    """Return the routes /api/ledger, /api/holdings and /api/quarantine."""
    router = APIRouter()
    ledger = LedgerCopy(spool, store)

    @router.get("/api/ledger")
    def ledger_lines(start: datetime, end: datetime, by: By = "key") -> list[Line]:
        ledger.copy()
        return lines(store, EVERYTHING, start, end, by=by)

    @router.get("/api/holdings")
    def problems_of_the_store() -> list[str]:
        ledger.copy()
        return holdings(store, EVERYTHING).sentences

    @router.get("/api/quarantine")
    def quarantined() -> list[Quarantined]:
        return spool.quarantined()

    @router.post("/api/quarantine/retry")
    def retry(chosen: Chosen) -> list[int]:
        return quarantine.retry(spool, chosen.ids)

    @router.post("/api/quarantine/drop")
    def drop(chosen: Chosen) -> list[int]:
        return quarantine.drop(spool, chosen.ids)

    return router
