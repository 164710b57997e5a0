"""The ledger adds up: after every step of the queue, in the store, and for every minute of receipt."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request

from collector.delivery import Writer
from collector.jobs.ledger_copy import LedgerCopy
from collector.otlp.refusals import TooLargeError
from collector.pipeline.workers import WorkerPool
from collector.receivers.refusal_counter import RefusalCounter, reason_of
from collector.spool import ledger as spool_ledger
from collector.spool import quarantine
from collector.spool.seal import Seal
from collector.spool.spool import MAX_ATTEMPTS, Incoming, Spool, SpoolUnavailableError
from schema.ledger_lines import Line, total
from schema.policy.policy import Policy
from schema.queries.ledger import lines
from schema.queries.scope import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schema.store.store import Store

KEYS = ("payments", "support")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db", Seal(bytes(32)), max_bytes=64 << 20)
    yield spool
    spool.close()


def incoming(
    body: bytes, key_name: str = "payments", spans: int = 1, rejected: dict[str, int] | None = None
) -> Incoming:
    return Incoming("traces", body, "sender", key_name, spans, rejected or {})


def counted(spool: Spool) -> dict[str, dict[str, int]]:
    with spool.opened() as connection:
        return {entry.key_name: entry.counts for entry in spool_ledger.totals(connection)}


def in_the_store(store: Store) -> dict[str, Line]:
    now = datetime.now(UTC)
    return {line.key_name: line for line in lines(store, EVERYTHING, now - timedelta(days=1), now + timedelta(days=1))}


def test_it_adds_up_after_every_step(spool: Spool) -> None:  # noqa: C901, PLR0912 - all that can happen to a request
    chance = random.Random(11)
    accepted = {key: [0, 0] for key in KEYS}
    repeated = {key: [0, 0] for key in KEYS}
    stored = {key: [0, 0] for key in KEYS}
    dropped = {key: [0, 0] for key in KEYS}
    for step in range(400):
        what = chance.choice(["append", "append", "append", "repeat", "store", "fail", "fail", "retry", "drop"])
        key_name = chance.choice(KEYS)
        if what == "append":
            spans = chance.randrange(1, 9)
            spool.append([incoming(b"%d" % step, key_name, spans), incoming(b"%d" % step, key_name, spans)])
            for tally in (accepted, repeated):
                tally[key_name][0] += 1
                tally[key_name][1] += spans
        elif what == "repeat":
            for waiting in spool.take(1, 1):
                spool.append([incoming(waiting.body, waiting.key_name, waiting.spans)])
                repeated[waiting.key_name][0] += 1
                repeated[waiting.key_name][1] += waiting.spans
        elif what == "store":
            batch = spool.take(chance.randrange(1, 3), 1 << 20)
            spool.assign([waiting.id for waiting in batch], f"batch {step}")
            spool.done(f"batch {step}")
            for waiting in batch:
                stored[waiting.key_name][0] += 1
                stored[waiting.key_name][1] += waiting.spans
        elif what == "fail":
            for waiting in spool.take(1, 1):
                for _ in range(MAX_ATTEMPTS):
                    spool.failed(waiting.id, "the worker ended")
        elif what == "retry":
            quarantine.retry(spool, [request.id for request in spool.quarantined()[:1]])
        else:
            going = spool.quarantined()[:1]
            assert quarantine.drop(spool, [request.id for request in going]) == [request.id for request in going]
            for request in going:
                dropped[request.key_name][0] += 1
                dropped[request.key_name][1] += request.spans
        _check(spool, accepted, repeated, stored, dropped)
    assert all(tally[key][0] > 5 for tally in (accepted, repeated, stored, dropped) for key in KEYS)


def _check(spool: Spool, *tallies: dict[str, list[int]]) -> None:
    waiting = spool.take(1_000_000, 1 << 40)
    aside = spool.quarantined()
    for key_name, counts in counted(spool).items():
        here = [request for request in waiting if request.key_name == key_name]
        set_aside = [request for request in aside if request.key_name == key_name]
        for unit, of_queue, of_aside in (
            ("requests", len(here), len(set_aside)),
            ("spans", sum(request.spans for request in here), sum(request.spans for request in set_aside)),
        ):
            number = 0 if unit == "requests" else 1
            names = ("accepted", "deduplicated", "stored", "dropped")
            expected = {name: tally[key_name][number] for name, tally in zip(names, tallies, strict=True)}
            expected |= {"waiting": of_queue, "quarantined": of_aside, "lost": 0}
            assert {name: counts[f"{name}_{unit}"] for name in expected} == expected
            states = ("stored", "waiting", "quarantined", "dropped", "lost")
            assert expected["accepted"] == sum(expected[name] for name in states)


def test_refusals_are_counted_by_reason_and_unknown_spans_are_not_invented(spool: Spool, empty_store: Store) -> None:
    counter = RefusalCounter(spool)
    counter.refused("payments", "traces", reason_of(TooLargeError("big")))
    counter.refused("payments", "traces", "too_large")
    counter.refused("payments", "traces", "daily_volume", 40)
    counter.count_empty("payments", "traces", {"invalid_ids": 1, "unreadable": 3})
    counter.close()
    spool.append([incoming(b"a", spans=3, rejected={"invalid_ids": 2, "unreadable": 1})])
    LedgerCopy(spool, empty_store).copy()
    line = in_the_store(empty_store)["payments"]
    assert {name: count for name, count in line.rejected_requests.items() if count} == {
        "too_large": 2,
        "daily_volume": 1,
        "invalid_ids": 1,
    }
    assert line.rejected_spans == {"daily_volume": 40, "invalid_ids": 3, "unreadable": 4}
    assert (line.uncounted_requests, line.received_requests, line.received_spans) == (2, 5, 50)


def test_refusals_are_kept_while_the_spool_refuses(spool: Spool) -> None:
    counter = RefusalCounter(spool)
    with spool.opened() as connection:
        connection.execute("pragma query_only = on")
    counter.refused("", "logs", "unauthenticated")
    with pytest.raises(SpoolUnavailableError, match="readonly"):
        counter.flush()
    spool.close()
    counter.close()
    with spool.opened() as connection:
        (entry,) = spool_ledger.totals(connection)
    assert (entry.key_name, entry.rejected_requests) == ("", {"unauthenticated": 1})


def test_changed_entries_are_copied_and_the_newest_version_counts(spool: Spool, empty_store: Store) -> None:
    copy = LedgerCopy(spool, empty_store)
    first, second = (receipt.id for receipt in spool.append([incoming(b"a", spans=3), incoming(b"b", "support", 4)]))
    assert copy.copy() == 2
    assert copy.copy() == 0
    spool.assign([first], "batch")
    spool.done("batch", {first: 2})
    assert copy.copy() == 1
    for _ in range(MAX_ATTEMPTS):
        spool.failed(second, "the worker ended")
    copy.copy()
    found = in_the_store(empty_store)
    assert (found["payments"].stored_spans, found["payments"].waiting_spans) == (3, 0)
    assert found["payments"].unredacted_spans == 2
    assert (found["support"].quarantined_spans, found["support"].missing_spans) == (4, 0)
    sums = total(found.values())
    assert (sums.accepted_spans, sums.missing_spans, sums.missing_requests) == (7, 0, 0)


def test_ledgers_of_several_collectors_add_up(spool: Spool, tmp_path: Path, empty_store: Store) -> None:
    other = Spool(tmp_path / "other.db", Seal(bytes(32)), max_bytes=1 << 20)
    for each, spans in ((spool, 3), (other, 4)):
        each.append([incoming(b"the same", spans=spans)])
        LedgerCopy(each, empty_store).copy()
    other.close()
    assert in_the_store(empty_store)["payments"].accepted_spans == 7


def test_old_minutes_are_forgotten_when_they_are_copied_and_closed(
    spool: Spool, empty_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, waiting = (receipt.id for receipt in spool.append([incoming(b"a", spans=3), incoming(b"b", "support", 4)]))
    counter = RefusalCounter(spool)
    counter.refused("payments", "traces", "too_large")
    counter.close()
    spool.assign([stored], "batch")
    spool.done("batch")
    before = counted(spool)
    now = time.time_ns()
    monkeypatch.setattr("time.time_ns", lambda: now + 3 * 24 * 3600 * 10**9)
    LedgerCopy(spool, empty_store).copy()
    assert counted(spool) == before, "totals never fall"
    with spool.opened() as connection:
        minutes = dict(connection.execute("select key_name, minute from ledger").fetchall())
    assert minutes["payments"] == spool_ledger.FORGOTTEN
    assert minutes["support"] > 0, "one of its requests still waits"
    assert LedgerCopy(spool, empty_store).copy() == 0
    spool.assign([waiting], "later")
    spool.done("later")
    LedgerCopy(spool, empty_store).copy()
    found = in_the_store(empty_store)
    assert (found["payments"].stored_spans, found["support"].stored_spans) == (3, 4)
    assert found["payments"].rejected_requests == {"too_large": 1}


def test_stored_means_rows_in_the_store(empty_store: Store, spool: Spool) -> None:
    bodies = [run_request([f"Where is parcel {number}?"]) for number in range(5)]
    spool.append([incoming(body, KEYS[number % 2], len(ids)) for number, (body, ids) in enumerate(bodies)])
    spool.append([incoming(b"\xff no protobuf", spans=1)])
    pool = WorkerPool(1, Policy())
    try:
        Writer(spool, empty_store, pool, Policy()).drain()
    finally:
        pool.close()
    found = in_the_store(empty_store)
    rows = empty_store.query("SELECT count() AS n FROM spans").to_pylist()[0]["n"]
    sums = total(found.values())
    assert sums.stored_spans == rows == sum(len(ids) for _, ids in bodies)
    assert (sums.waiting_requests, sums.quarantined_requests, sums.missing_spans) == (0, 1, 0)
