"""The metrics of an instance for Prometheus, as text or OpenMetrics, whichever the scraper asks for.

The receiver answers, from the spool's file: it runs when everything else is down, and its port is known. The server
writes its own figures into that file. While the server is down, the time of the last insert stands still.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collector.otlp.refusals import RefusedError
from collector.spool.file import SpoolError, snapshot
from collector.spool.ledger import totals
from collector.spool.queue import oldest_receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector
    from starlette.requests import Request

    from collector.keys.ingest_keys import IngestKeys
    from collector.spool.ledger import Entry
    from collector.spool.spool import Spool

_OPENMETRICS: Final = "application/openmetrics-text"
_PREFIX: Final = "spanledger_"
_STATES: Final = ("accepted", "deduplicated", "stored", "dropped", "lost")


def metrics_route(spool: Spool, keys: IngestKeys) -> Route:
    """Return the route /metrics. Its labels name ingest keys, so it asks for a key wherever exports need one."""

    async def answer(request: Request) -> Response:
        try:
            keys.require_in_force(keys.authenticate(request.headers))
            write, content_type = _format_for(",".join(request.headers.getlist("accept")))
            content = await asyncio.to_thread(write, SpoolMetrics(spool))
        except RefusedError as error:
            return JSONResponse({"detail": str(error)}, error.http_status)
        except SpoolError:
            return JSONResponse({"detail": "the spool cannot be read at the moment"}, 503)
        return Response(content, media_type=content_type)

    return Route("/metrics", answer, methods=["GET"])


def _format_for(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    """Return the writer and the content type of the format that an Accept header asks for.

    prometheus_client's `choose_encoder` raises for a version that is no number, and renames metrics on request.
    """
    if any(wish.partition(";")[0].strip().lower() == _OPENMETRICS for wish in accept.split(",")):
        return openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest, CONTENT_TYPE_PLAIN_0_0_4


class SpoolMetrics:
    """The metrics of one spool, read anew at each scrape: a custom collector of prometheus_client."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics as of one moment. Raises SpoolError."""
        with self._spool.opened() as connection, snapshot(connection):
            held = connection.execute("select state, requests, spans, bytes from total order by state desc").fetchall()
            oldest = oldest_receipt(connection)
            entries = totals(connection)
            figures = dict(connection.execute("select name, value from figure order by name").fetchall())
        yield from _spool_metrics(held, oldest, self._spool)
        yield from _ledger_metrics(entries)
        yield from _server_metrics(figures)


def _spool_metrics(held: list[tuple[str, int, int, int]], oldest: int | None, spool: Spool) -> Iterator[Metric]:
    """Yield how full the spool is and how long it waits; `oldest` is a receipt in ns, None when nothing waits."""
    for column, unit in enumerate(("requests", "spans", "bytes")):
        metric = GaugeMetricFamily(f"{_PREFIX}spool_{unit}", f"{unit.capitalize()} in the spool now.", labels=["state"])
        for state, *counts in held:
            metric.add_metric([state], counts[column])
        yield metric
    text = "The spool refuses requests beyond this size."
    yield GaugeMetricFamily(f"{_PREFIX}spool_limit_bytes", text, spool.max_bytes)
    text = "How long the oldest waiting request has waited; 0 when no request waits."
    age = 0.0 if oldest is None else max(0.0, time.time() - oldest / 1e9)
    yield GaugeMetricFamily(f"{_PREFIX}spool_oldest_waiting_seconds", text, age)
    if spool.max_age_seconds:
        text = "The spool refuses requests while one has waited for longer than this."
        yield GaugeMetricFamily(f"{_PREFIX}spool_limit_seconds", text, spool.max_age_seconds)


def _ledger_metrics(entries: list[Entry]) -> Iterator[Metric]:
    """Yield the ledger's counts since this spool began."""
    for unit in ("requests", "spans"):
        for state in _STATES:
            yield _by_key(entries, f"{state}_{unit}", f"{unit.capitalize()} that were {state}.")
        metric = CounterMetricFamily(
            f"{_PREFIX}rejected_{unit}_total",
            f"{unit.capitalize()} that were rejected, by reason.",
            labels=["key", "signal", "reason"],
        )
        for entry in entries:
            for reason, count in getattr(entry, f"rejected_{unit}").items():
                if count:
                    metric.add_metric([entry.key_name, entry.signal, reason], count)
        yield metric
    yield _by_key(entries, "uncounted_requests", "Rejected requests with an unknown number of spans.")
    yield _by_key(entries, "uncounted_losses", "Damages of the spool that destroyed its last counts too.")
    yield _by_key(entries, "unredacted_spans", "Spans with a text that could not be redacted and was removed.")


def _server_metrics(figures: dict[str, float]) -> Iterator[Metric]:
    """Yield the figures that other processes wrote, as far as they have; refused policy files count from 0."""
    text = "Policy files that were refused since the start."
    yield CounterMetricFamily(f"{_PREFIX}policy_refusals_total", text, figures.get("policy_refusals", 0.0))
    if "inserts" in figures:
        text = "Worker processes that died and were replaced."
        yield CounterMetricFamily(f"{_PREFIX}worker_restarts_total", text, figures["worker_restarts"])
        text = "How long inserts into the store took."
        count, seconds = int(figures["inserts"]), figures["insert_seconds"]
        yield SummaryMetricFamily(f"{_PREFIX}insert_seconds", text, count, seconds)
    if "vanished_rows" in figures:
        text = "Rows that were stored and are missing from the store now."
        yield GaugeMetricFamily(f"{_PREFIX}store_vanished_rows", text, figures["vanished_rows"])
    if "last_insert" in figures:
        text = "When an insert into the store last succeeded, in seconds since 1970."
        yield GaugeMetricFamily(f"{_PREFIX}last_insert_timestamp_seconds", text, figures["last_insert"])


def _by_key(entries: list[Entry], name: str, text: str) -> Metric:
    """Return one count of the ledger by ingest key and signal."""
    metric = CounterMetricFamily(f"{_PREFIX}{name}_total", text, labels=["key", "signal"])
    for entry in entries:
        metric.add_metric([entry.key_name, entry.signal], entry.counts[name])
    return metric
