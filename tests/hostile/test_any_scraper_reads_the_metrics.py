"""Whatever a scraper asks for, it gets metrics that a strict parser of that format reads, with the same names."""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from starlette.applications import Starlette

from collector.keys.ingest_keys import IngestKeys
from collector.receivers.metrics import metrics_route
from collector.spool.figures import ServerFigures, note, note_refusals
from collector.spool.file import transaction
from collector.spool.ledger import Refused, count_refused, count_uncounted_loss
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = ('a"b', "back\\slash", "{x=1} # HELP", "Zoë 🦊", "\\n", 'a",signal="logs', "")
COUNTED = [f"{state}_{unit}" for state in ("accepted", "deduplicated", "stored", "dropped", "lost", "rejected")
           for unit in ("requests", "spans")]  # fmt: skip
NAMES = {
    *("spool_requests", "spool_spans", "spool_bytes", "spool_limit_bytes"),
    *("spool_oldest_waiting_seconds", "spool_limit_seconds"),
    *(f"{name}_total" for name in COUNTED),
    *("uncounted_requests_total", "uncounted_losses_total", "unredacted_spans_total"),
    *("policy_refusals_total", "worker_restarts_total", "insert_seconds_sum", "insert_seconds_count"),
    *("store_vanished_rows", "last_insert_timestamp_seconds"),
}
"""What dashboards and alerts of users name; none may go away."""

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""What Prometheus 3 sends."""

Series = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    """The route over a spool with a count of every kind, under key names that look like the format itself."""
    folder = tmp_path_factory.mktemp("metrics")
    spool = Spool(folder / "spool.db", Seal(bytes(range(32))), max_bytes=64 << 20, max_age_seconds=3600)
    minute = time.time_ns() // 60_000_000_000
    for number, key in enumerate(KEYS):
        spool.append([Incoming("traces", b"body %d" % number, "sender", key, 2)])
    with spool.opened() as connection, transaction(connection):
        count_refused(connection, [Refused(key, "traces", minute, "bad_request", 3, 4, 1) for key in KEYS])
        count_uncounted_loss(connection, minute)
    note(spool, ServerFigures().inserted(0.25, at=1.8e9).after(restarts=2).lacking(7))
    note_refusals(spool, 5)
    yield Starlette(routes=[metrics_route(spool, IngestKeys(Policy()))])
    spool.close()


def scraped(app: Starlette, *accept: bytes) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            del client.headers["accept"]
            return await client.get("/metrics", headers=[(b"accept", value) for value in accept])

    return asyncio.run(ask())


def series(answer: httpx.Response) -> dict[Series, float]:
    """Return all samples, read as the answer says that it is written; the age that grows by itself counts as 0."""
    assert answer.status_code == 200
    kind = answer.headers["content-type"].partition(";")[0]
    read = {"application/openmetrics-text": read_openmetrics, "text/plain": read_text}[kind]
    samples = [sample for family in read(answer.content.decode()) for sample in family.samples]
    found = {(one.name, frozenset(one.labels.items())): one.value for one in samples}
    assert len(found) == len(samples), "a series stands twice"
    return found | {one: 0.0 for one in found if one[0] == "spanledger_spool_oldest_waiting_seconds"}


def names(answer: httpx.Response) -> set[str]:
    return {name.removeprefix("spanledger_") for name, _ in series(answer)}


def test_both_formats_hold_the_same_and_every_name(app: Starlette) -> None:
    plain, open_metrics = scraped(app), scraped(app, PROMETHEUS.encode())
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert open_metrics.headers["content-type"].startswith(OPENMETRICS)
    assert series(plain) == series(open_metrics)
    assert names(plain) == NAMES
    for key in KEYS:
        slot = {("key", key), ("signal", "traces")}
        assert series(plain)["spanledger_accepted_spans_total", frozenset(slot)] == 2
        reason = frozenset(slot | {("reason", "bad_request")})
        assert series(plain)["spanledger_rejected_requests_total", reason] == 3
    assert series(plain)["spanledger_store_vanished_rows", frozenset()] == 7
    assert plain.text.count("# HELP ") == plain.text.count("# TYPE ") == len(NAMES) - 1  # a summary has two names


ODD = (
    *("", "*/*", "text/plain", "text/html,application/xhtml+xml;q=0.9", "application/openmetrics-text", "," * 5000),
    *("text/plain;version=", "text/plain;version=a", "text/plain;version=1.a", "text/plain;version=2.\xb2"),
    *("application/openmetrics-text;version=x.y", "application/openmetrics-text;version=" + "9" * 5000),
    *("application/openmetrics-text;version=1.0.0;escaping=values", "text/plain;version=1.0.0;escaping=\xff"),
    *("application/openmetrics-text;version=-1", "application/openmetrics-text;version==;;;=", ";;;==,=,;version"),
)


@pytest.mark.parametrize("accept", ODD, ids=lambda accept: json.dumps(accept[:60]))
def test_an_odd_wish_gets_metrics(app: Starlette, accept: str) -> None:
    content = series(scraped(app, accept.encode("latin-1")))
    assert content == series(scraped(app))


TOKENS = (
    *("application/openmetrics-text", "text/plain", "*/*", "version", "escaping", "charset", "q", ";", ",", "=", " "),
    *("1.0.0", "0.0.4", "2", ".", "a", '"', "allow-utf-8", "dots", "values", "-1", "\xb2"),
)


@settings(max_examples=60, deadline=None)
@given(number=st.integers(min_value=0))
def test_any_wish_gets_metrics(app: Starlette, number: int) -> None:
    chance = random.Random(number)
    headers = ["".join(chance.choices(TOKENS, k=chance.randint(0, 25))).strip() for _ in range(chance.randint(1, 3))]
    assert names(scraped(app, *(header.encode("latin-1") for header in headers))) == NAMES
