"""How an instance is doing, in the text format of Prometheus (exposition format 0.0.4).

The receiver answers, from the spool's file: it runs when everything else is down, and its port is known. The server
leaves its own figures in that file; when it is gone, the time of the last insert stands still, and that can be seen.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from collector.otlp.refusals import RefusedError
from collector.spool.file import SpoolError, snapshot
from collector.spool.ledger import totals
from collector.spool.queue import oldest_receipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from collector.keys.ingest_keys import IngestKeys
    from collector.spool.ledger import Entry
    from collector.spool.spool import Spool

_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_STATES: Final = ("accepted", "deduplicated", "stored", "dropped", "lost")

Sample = tuple[str, dict[str, str], float]


def metrics_route(spool: Spool, keys: IngestKeys) -> Route:
    """Return the route /metrics. It names the ingest keys, so it asks for one where there are any, as exports do."""

    async def answer(request: Request) -> Response:
        try:
            keys.require_in_force(keys.authenticate(request.headers))
            text = await asyncio.to_thread(exposition, spool)
        except RefusedError as error:
            return JSONResponse({"detail": str(error)}, error.http_status)
        except SpoolError:
            return JSONResponse({"detail": "the spool cannot be read at the moment"}, 503)
        return PlainTextResponse(text, media_type=_CONTENT_TYPE)

    return Route("/metrics", answer, methods=["GET"])


def exposition(spool: Spool) -> str:
    """Return all figures of this spool and of the server that empties it. Raises SpoolError."""
    with spool.opened() as connection, snapshot(connection):
        queue = connection.execute("select state, requests, spans, bytes from total order by state desc").fetchall()
        oldest = oldest_receipt(connection)
        counted = totals(connection)
        server = dict(connection.execute("select name, value from figure order by name").fetchall())
    lines: list[str] = []
    for name, kind, text, samples in _families(queue, oldest, counted, server, spool):
        lines += [f"# HELP spanledger_{name} {text}", f"# TYPE spanledger_{name} {kind}"]
        lines += [f"spanledger_{name}{suffix}{_labels(labels)} {value!r}" for suffix, labels, value in samples]
    return "\n".join(lines) + "\n"


def _families(
    queue: list[tuple[str, int, int, int]],
    oldest: int | None,
    counted: list[Entry],
    server: dict[str, float],
    spool: Spool,
) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    for column, unit in enumerate(("requests", "spans", "bytes")):
        text = f"What is in the spool now, in {unit}."
        yield f"spool_{unit}", "gauge", text, [("", {"state": state}, figures[column]) for state, *figures in queue]
    yield "spool_limit_bytes", "gauge", "The spool refuses more than this.", [("", {}, spool.max_bytes)]
    age = 0.0 if oldest is None else max(0.0, time.time() - oldest / 1e9)
    text = "How long the oldest waiting request has waited; 0 when nothing waits."
    yield "spool_oldest_waiting_seconds", "gauge", text, [("", {}, age)]
    if spool.max_age_seconds:
        text = "The spool refuses while something has waited for longer."
        yield "spool_limit_seconds", "gauge", text, [("", {}, spool.max_age_seconds)]
    for unit in ("requests", "spans"):
        for state in _STATES:
            text = f"{unit.capitalize()} that were {state}."
            yield f"{state}_{unit}_total", "counter", text, _by_key(counted, f"{state}_{unit}")
        rejected: list[Sample] = [
            ("", _slot(entry) | {"reason": reason}, count)
            for entry in counted
            for reason, count in getattr(entry, f"rejected_{unit}").items()
            if count
        ]
        yield f"rejected_{unit}_total", "counter", f"{unit.capitalize()} that were rejected.", rejected
    text = "Rejected requests of which nobody knows how many spans they held."
    yield "uncounted_requests_total", "counter", text, _by_key(counted, "uncounted_requests")
    text = "How often the spool was damaged together with its last counts, so that losses are not counted."
    yield "uncounted_losses_total", "counter", text, _by_key(counted, "uncounted_losses")
    text = "Spans of which a text was removed because it could not be redacted."
    yield "unredacted_spans_total", "counter", text, _by_key(counted, "unredacted_spans")
    text = "Policy files that were refused while it ran."
    yield "policy_refusals_total", "counter", text, [("", {}, server.get("policy_refusals", 0.0))]
    if "inserts" in server:
        text = "Worker processes that died and were replaced."
        yield "worker_restarts_total", "counter", text, [("", {}, server["worker_restarts"])]
        took: list[Sample] = [("_sum", {}, server["insert_seconds"]), ("_count", {}, server["inserts"])]
        yield "insert_seconds", "summary", "How long inserts into the store took.", took
    if "vanished_rows" in server:
        text = "Rows that were stored and are not in the store any more."
        yield "store_vanished_rows", "gauge", text, [("", {}, server["vanished_rows"])]
    if "last_insert" in server:
        text = "When an insert into the store last succeeded."
        yield "last_insert_timestamp_seconds", "gauge", text, [("", {}, server["last_insert"])]


def _by_key(counted: list[Entry], name: str) -> list[Sample]:
    return [("", _slot(entry), entry.counts[name]) for entry in counted]


def _slot(entry: Entry) -> dict[str, str]:
    return {"key": entry.key_name, "signal": entry.signal}


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{written}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
