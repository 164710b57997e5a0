"""Data for the components, straight from the store to the browser: a run of 10,000 spans never passes Streamlit."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from dashboard import assets, connection
from dashboard.viewer import scope_of
from schema.queries.logs import LogPage, count_span_logs, loose_logs, span_logs
from schema.queries.run import load_run, load_span, load_tree
from schema.queries.timeline import Step, steps
from schema.span import UNASSIGNED
from schema.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from schema.queries.scope import Scope

Columns = dict[str, Any]

router = APIRouter()

TRACE_ID = re.compile(r"[0-9a-f]{32}")
SPAN_ID = re.compile(r"[0-9a-f]{16}(?:\.\d{1,4})?")  # a number where several spans share an id
LOGS_A_PAGE = 100
_LAST_OFFSET = 10**9
_YEAR_S = 365 * 24 * 3600
_COMPRESS_FROM = 1_000  # bytes; below it compression costs more than it saves


@router.get("/api/runs/{trace_id}/spans")
def run_spans(trace_id: str, request: Request) -> Response:
    """Return the light columns of every span of a trace, in the order of the tree; of a `team`, with its times."""
    return _run_columns(trace_id, request, _tree_columns)


@router.get("/api/runs/{trace_id}/steps")
def run_steps(trace_id: str, request: Request) -> Response:
    """Return the tree of the run of a `team` and the order of its replay, with the running totals at each step."""
    return _run_columns(trace_id, request, _step_columns)


@router.get("/api/runs/{trace_id}/spans/{span_id}")
def run_span(trace_id: str, span_id: str, request: Request) -> Response:
    """Return everything that is known of one span of a `team`, and how many log records name it (`log_records`)."""
    if not SPAN_ID.fullmatch(span_id):
        return _bad_span_id()
    if not TRACE_ID.fullmatch(trace_id):
        return _bad_trace_id()
    scope, _, team = _asked(trace_id, request)
    store = connection.store()
    try:
        span = load_span(store, scope, trace_id, span_id, team)
        log_records = count_span_logs(store, scope, trace_id, span["team"], span["span_id"]) if span else 0
    except StoreError:
        return _store_error()
    if span is None:
        return _error(404, f"There is no span {span_id} in run {trace_id}.")
    return _json(span | {"log_records": log_records}, request)


@router.get("/api/runs/{trace_id}/spans/{span_id}/logs")
def run_span_logs(trace_id: str, span_id: str, request: Request) -> Response:
    """Return the log records that name a span, from `offset` on."""
    if not SPAN_ID.fullmatch(span_id):
        return _bad_span_id()
    return _log_page(trace_id, request, span_id.partition(".")[0])


@router.get("/api/runs/{trace_id}/logs")
def run_logs(trace_id: str, request: Request) -> Response:
    """Return the log records of a run that name no span that is stored, from `offset` on."""
    return _log_page(trace_id, request)


@router.get("/assets/{version}/{name}")
def asset(version: str, name: str, request: Request) -> Response:
    """Return a file of our components."""
    found = assets.assets().get(name)
    if found is None or version != assets.version():
        return _error(404, "There is no such file in this version of the dashboard: reload the page.")
    headers = {"ETag": found.etag, "Cache-Control": f"private, max-age={_YEAR_S}, immutable", "Vary": "Accept-Encoding"}
    return _answer(found.plain, found.compressed, found.media_type, headers, request)


@router.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@router.get("/assets/{path:path}")
def nothing_here(path: str) -> Response:
    """Answer unknown addresses of the data: without this Streamlit would answer with its page and a 200."""
    return _error(404, f"There is nothing at {path[:200]!r}.")


class _Asked(NamedTuple):
    """The run that a request names, and what its viewer may read; a trace can hold a run of each of several teams."""

    scope: Scope
    trace_id: str
    team: str | None


def _asked(trace_id: str, request: Request) -> _Asked:
    return _Asked(scope_of(request.headers), trace_id, request.query_params.get("team") or None)


def _run_columns(trace_id: str, request: Request, columns: Callable[[_Asked], Columns | None]) -> Response:
    if not TRACE_ID.fullmatch(trace_id):
        return _bad_trace_id()
    try:
        found = columns(_asked(trace_id, request))
    except StoreError:
        return _store_error()
    if found is None:
        return _error(404, f"There is no run {trace_id}.")
    return _json(found, request)


def _tree_columns(asked: _Asked) -> Columns | None:
    tree = load_tree(connection.store(), *asked, others=True)
    return _by_column(tree) if tree.num_rows else None


def _step_columns(asked: _Asked) -> Columns | None:
    run = load_run(connection.store(), *asked)
    if run is None:
        return None
    tree = load_tree(connection.store(), asked.scope, asked.trace_id, run.team)
    if tree.num_rows == 0:
        return None
    order = steps(tree, run.call_span_ids)
    return {
        "tree": _by_column(tree),
        "steps": {field.name: [getattr(step, field.name) for step in order] for field in fields(Step)},
    }


def _log_page(trace_id: str, request: Request, span_id: str | None = None) -> Response:
    """Answer with {total, records}: a page of records, their attributes as an object."""
    if not TRACE_ID.fullmatch(trace_id):
        return _bad_trace_id()
    given = request.query_params.get("offset", "0")
    if not given.isdecimal() or int(given) > _LAST_OFFSET:
        return _error(400, f"The offset {given[:40]!r} is not a number from 0 to {_LAST_OFFSET:,}.")
    try:
        found = _records(_asked(trace_id, request), span_id, int(given))
    except StoreError:
        return _store_error()
    records = [row | {"attributes": dict(row["attributes"])} for row in found.rows.to_pylist()]
    return _json({"total": found.total, "records": records}, request)


def _records(asked: _Asked, span_id: str | None, offset: int) -> LogPage:
    """Return a page of the records that name this span, or of those that name no span that is stored."""
    store, (scope, trace_id, team) = connection.store(), asked
    if team is None:
        run = load_run(store, scope, trace_id)
        team = run.team if run else UNASSIGNED
    if span_id is None:
        return loose_logs(store, scope, trace_id, team, limit=LOGS_A_PAGE, offset=offset)
    return span_logs(store, scope, trace_id, team, span_id, limit=LOGS_A_PAGE, offset=offset)


def _by_column(table: pa.Table) -> Columns:
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _json(value: object, request: Request) -> Response:
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()
    # Spans of a run can still arrive, so the browser asks each time; unchanged, it gets an empty 304.
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    return _answer(body, None, "application/json", headers, request)


def _answer(
    body: bytes, compressed: bytes | None, media_type: str, headers: dict[str, str], request: Request
) -> Response:
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if len(body) >= _COMPRESS_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body = compressed or gzip.compress(body, 5, mtime=0)
        headers = {**headers, "Content-Encoding": "gzip"}
    return Response(body, media_type=media_type, headers=headers)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")  # text: a browser's numbers are binary floats
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status, headers={"Cache-Control": "no-store"})


def _bad_span_id() -> Response:
    return _error(400, "A span id is 16 lower-case hexadecimal digits.")


def _bad_trace_id() -> Response:
    return _error(400, "A trace id is 32 lower-case hexadecimal digits.")


def _store_error() -> Response:
    return _error(503, "The store does not answer at the moment: try again in a few seconds.")
