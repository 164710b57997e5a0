"""The server's own HTTP API on loopback: what the command line asks of a running instance.

The engine lets one process in, so `spanledger sql` and `ingest` come here while `up` runs. Every call needs the token
from api.json, which only its owner can read.
"""

from __future__ import annotations

import hmac
import io
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
from fastapi import Body, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from collector.api.contract import ARROW_STREAM, Progress, Query, Requests, Status, Taken
from collector.api.file_requests import ingest_file
from collector.api.ledger_routes import ledger_routes
from collector.api.maintenance_routes import maintenance_routes
from collector.errors import IntakeError
from collector.spool.spool import SpoolError
from schema.policy.policy import PolicyError
from schema.store.errors import QueryFailedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.delivery import Writer
    from collector.spool.spool import Spool
    from schema.policy.policy import Policy
    from schema.store.store import Store

_USERS_OWN = (QueryFailedError, PolicyError, IntakeError)


async def _refuse(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 400 if isinstance(error, _USERS_OWN) else 503)


def create_api(
    store: Store, spool: Spool, writer: Writer, token: str, policy_in_force: Callable[[], Policy]
) -> FastAPI:
    """Return the API of one server; `policy_in_force` raises PolicyError while the policy file holds another policy."""

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "the token of api.json is needed")

    api = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(authorised)],
        exception_handlers=dict.fromkeys((*_USERS_OWN, StoreError, SpoolError), _refuse),
    )

    @api.get("/api/status")
    def status() -> Status:
        counts = spool.counts()
        return Status(
            waiting_requests=counts.waiting_requests,
            waiting_spans=counts.waiting_spans,
            quarantined=counts.quarantined,
            oldest_ns=counts.oldest_ns,
            worker_restarts=writer.worker_restarts,
            runs_up_to_date=writer.runs_up_to_date,
        )

    @api.post("/api/sql")
    def sql(query: Query) -> Response:
        rows = store.query_read_only(query.sql)
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(rows)
        return Response(sink.getvalue(), media_type=ARROW_STREAM)

    @api.post("/api/ingest")
    def ingest(name: str, body: Annotated[bytes, Body(media_type="application/octet-stream")]) -> list[Taken]:
        return ingest_file(spool, name, body)

    @api.post("/api/progress")
    def progress(requests: Requests) -> Progress:
        waiting, quarantined = spool.remaining(requests.ids)
        return Progress(waiting=sorted(waiting), quarantined=sorted(quarantined))

    api.include_router(ledger_routes(store, spool))
    api.include_router(maintenance_routes(store, policy_in_force))
    return api
