"""Ingest keys take turns: a flood of one team does not delay another team."""

from __future__ import annotations

import itertools
import sqlite3
from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request
from hypothesis import given
from hypothesis import strategies as st

from collector.delivery import Writer
from collector.pipeline.workers import WorkerPool
from collector.spool.fair_order import round_robin
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool
from schema.policy.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from collector.spool.spool import Waiting
    from schema.store.store import Store

FLOOD = 100_000


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db", Seal(bytes(32)), max_bytes=1 << 30)
    yield spool
    spool.close()


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 20), max_size=5), st.data())
def test_every_request_comes_once_and_keys_take_turns(lengths: dict[str, int], data: st.DataObject) -> None:
    numbers = itertools.count(1)
    owners: dict[int, str] = {}
    queues: dict[str, list[int]] = {}
    order = data.draw(st.permutations([name for name, length in lengths.items() for _ in range(length)]))
    for name in lengths:
        queues[name] = []
    for name in order:
        number = next(numbers)
        owners[number] = name
        queues[name].append(number)
    order = list(round_robin({name: iter(queue) for name, queue in queues.items()}, {}))
    assert sorted(order) == sorted(owners)
    turns = dict.fromkeys(lengths, 0)
    for number in order:
        name = owners[number]
        waiting = [other for other in lengths if turns[other] < lengths[other]]
        assert turns[name] == min(turns[other] for other in waiting)
        assert number == queues[name][turns[name]], "the oldest of a key goes first"
        turns[name] += 1


def test_a_key_with_requests_at_work_comes_after_one_without(spool: Spool) -> None:
    flood = [receipt.id for receipt in spool.append([Incoming("traces", b"%d" % n, "s", "flood", 1) for n in range(9)])]
    single = spool.append([Incoming("traces", b"single", "s", "quiet", 1)])[0].id
    assert [one.id for one in spool.take(3, 1 << 20)] == [flood[0], single, flood[1]]
    assert [one.id for one in spool.take(2, 1 << 20, flood[:4], {"flood": 4})] == [single, flood[4]]


def test_the_choice_does_not_scan_a_hundred_thousand_waiting_requests(spool: Spool, tmp_path: Path) -> None:
    first = spool.append([Incoming("traces", b"first", "s", "flood", 1)])[0].id
    with sqlite3.connect(tmp_path / "spool.db") as file:
        file.execute(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)"
            " insert into request (digest, signal, key_name, sender, received_at, spans, bytes, sealed_by, sealed)"
            " select x'00', 'traces', 'flood', '', received_at, 1, 1, 1, x'00' from n, request where id = ?",
            (FLOOD, first),
        )
    file.close()
    single = spool.append([Incoming("traces", b"single", "s", "quiet", 1)])[0].id
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with spool.opened() as connection:
        connection.set_progress_handler(count, 1_000)  # virtual machine instructions
    assert spool.counts().waiting_requests == FLOOD + 2
    assert [one.id for one in spool.take(2, 1 << 20, (), {})] == [first, single]
    assert steps < 20


def test_one_request_of_a_quiet_team_goes_before_the_flood(
    empty_store: Store, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [run_request([f"Where is parcel {number}?"]) for number in range(150)]
    spool.append([Incoming("traces", body, "flood", "flood", len(ids)) for body, ids in bodies])
    body, ids = run_request(["And mine?"])
    pool = WorkerPool(1, Policy())
    submitted: list[str] = []
    submit = pool.submit

    def recorded(request: Waiting) -> bool:
        accepted = submit(request)
        if accepted:
            submitted.append(request.key_name)
        return accepted

    monkeypatch.setattr(pool, "submit", recorded)
    writer = Writer(spool, empty_store, pool, Policy())
    try:
        writer.step()  # the flood fills the dispatcher and the worker's queue
        before = len(submitted)
        spool.append([Incoming("traces", body, "quiet", "quiet", len(ids))])
        writer.drain()
    finally:
        pool.close()
    assert before > 0
    assert submitted.index("quiet") <= before + 8, "it waits for the requests at the worker, not for the flood"
    assert len(submitted) == len(bodies) + 1
