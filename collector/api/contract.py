"""Request and response types of the server's API. They import no engine, so that a command starts fast.

Other response types are in `schema.maintenance.changes`, `schema.ledger_lines` and `collector.spool.records`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel

from collector.spool.records import Signal
from schema.drill_results import Result
from schema.maintenance.changes import Named

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
"""Media type of query results."""


class Query(BaseModel):
    """A read-only SQL statement."""

    sql: str


class Requests(BaseModel):
    """Ids of accepted requests."""

    ids: list[int]


class Progress(BaseModel):
    """Ids of requests that still wait, and of those in quarantine; the others are stored."""

    waiting: list[int]
    quarantined: list[int]


class Status(BaseModel):
    """State of an instance. `oldest_ns` is the receipt time of the oldest waiting request, None if nothing waits.

    Spans are stored before their runs are recomputed; `runs_up_to_date` is true after that.
    """

    waiting_requests: int
    waiting_spans: int
    quarantined: int
    oldest_ns: int | None
    worker_restarts: int
    runs_up_to_date: bool


class Taken(BaseModel):
    """One request of an ingested file; `items` counts its spans, log records or metric points."""

    id: int
    signal: Signal
    items: int
    rejected: int  # spans without a valid id
    repeated: bool  # the spool has seen the same bytes within a day


class Chosen(BaseModel):
    """Ids of quarantined requests; None means all of them."""

    ids: list[int] | None = None


class Repricing(BaseModel):
    """Calls to price again: UTC days, `end` excluded. An empty team means all teams."""

    start: date
    end: date
    team: str = ""
    dry_run: bool = False


class Purge(BaseModel):
    """Runs to delete: those of a user or of a session, or a single one."""

    by: Named
    value: str
    dry_run: bool = False


class Drilled(BaseModel):
    """The results of a drill."""

    seed: int
    results: list[Result]


class DrillRuns(BaseModel):
    """The invented runs of a drill, and the service name of its metrics."""

    trace_ids: list[str]
    service_name: str
