"""What the command line and the server's API say to each other. Loads no engine, so that a command starts at once.

Answers that are not here are data of `schema.maintenance.changes`, `schema.ledger_lines` and `collector.spool.records`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel

from collector.spool.records import Signal
from schema.drill_results import Result
from schema.maintenance.changes import Named

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
"""Media type of rows."""


class Query(BaseModel):
    """A read-only SQL statement."""

    sql: str


class Requests(BaseModel):
    """Ids of requests that were taken in."""

    ids: list[int]


class Progress(BaseModel):
    """Which requests still wait, and which are quarantined; the others are stored."""

    waiting: list[int]
    quarantined: list[int]


class Status(BaseModel):
    """How an instance is doing; `oldest_ns` is when the oldest waiting request came, None when nothing waits.

    Spans are stored before the rows of their runs are: `runs_up_to_date` says whether those have followed.
    """

    waiting_requests: int
    waiting_spans: int
    quarantined: int
    oldest_ns: int | None
    worker_restarts: int
    runs_up_to_date: bool


class Taken(BaseModel):
    """One request taken from a file; `items` counts its spans, log records or metric points."""

    id: int
    signal: Signal
    items: int
    rejected: int  # spans without a valid id
    repeated: bool  # the spool has seen the same bytes within a day


class Chosen(BaseModel):
    """Ids of quarantined requests; None is all of them."""

    ids: list[int] | None = None


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
