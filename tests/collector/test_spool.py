from __future__ import annotations

import fcntl
import json
import os
import random
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from collector.spool.file import SpoolFullError, SpoolOverdueError, SpoolUnavailableError
from collector.spool.seal import Seal
from collector.spool.spool import MAX_ATTEMPTS, Incoming, Receipt, Spool, SpoolCounts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = bytes(range(32))


def incoming(body: bytes, *, sender: str = "refunds", spans: int = 1) -> Incoming:
    return Incoming("traces", body, sender, "payments", spans)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db", Seal(KEY), max_bytes=64 << 20)
    yield spool
    spool.close()


def test_requests_come_out_as_they_went_in_oldest_first(spool: Spool) -> None:
    receipts = spool.append([incoming(b"first", spans=3), incoming(b"second", spans=4)])
    receipts += spool.append([Incoming("logs", b"third", "triage", "payments", 5)])
    taken = spool.take(10, 1 << 20)
    assert [(w.id, w.signal, w.body, w.key_name, w.spans, w.attempts, w.batch) for w in taken] == [
        (receipts[0].id, "traces", b"first", "payments", 3, 0, None),
        (receipts[1].id, "traces", b"second", "payments", 4, 0, None),
        (receipts[2].id, "logs", b"third", "payments", 5, 0, None),
    ]
    assert taken[0].received_at <= taken[2].received_at


def test_nothing_of_a_request_is_readable_on_disk(spool: Spool, tmp_path: Path) -> None:
    spool.append([incoming(b"Marjolein Bakker paid", sender="Marjolein's laptop")])
    spool.append([incoming(b"Marjolein Bakker again", sender="Marjolein's laptop")])
    files = list(tmp_path.iterdir())
    assert len(files) == 4
    assert not any(b"Marjolein" in file.read_bytes() for file in files)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    first, second = spool.take(2, 1 << 20)
    assert first.sender == second.sender


def test_the_same_bytes_are_acknowledged_and_stored_once(spool: Spool) -> None:
    first, other, again = spool.append([incoming(b"a"), incoming(b"b"), incoming(b"a")])
    assert again == Receipt(first.id, duplicate=True)
    assert spool.append([incoming(b"a")]) == [Receipt(first.id, duplicate=True)]
    spool.assign([first.id, other.id], "batch")
    spool.done("batch")
    assert spool.append([incoming(b"a")]) == [Receipt(first.id, duplicate=True)]
    assert spool.take(10, 1 << 20) == []
    assert not spool.append([Incoming("logs", b"a", "refunds", "payments", 1)])[0].duplicate


def test_after_a_day_the_same_bytes_are_new(spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = spool.append([incoming(b"a")])[0]
    now = spool.take(1, 1)[0].received_at
    passed = time.monotonic_ns() + 25 * 3600 * 10**9
    monkeypatch.setattr("time.time_ns", lambda: now + 25 * 3600 * 10**9)
    monkeypatch.setattr("time.monotonic_ns", lambda: passed)
    spool.append([incoming(b"b")])
    second = spool.append([incoming(b"a")])[0]
    assert not second.duplicate
    assert second.id > first.id
    with sqlite3.connect(tmp_path / "spool.db") as file:
        assert file.execute("select count(*) from seen").fetchone() == (2,)
    file.close()


@pytest.mark.parametrize("hours", [24, 24 * 400, -1])
def test_a_clock_that_is_set_makes_no_repeat_new(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    first = spool.append([incoming(b"a")])[0]
    now = time.time_ns() + hours * 3600 * 10**9
    minutes = time.monotonic_ns() + 1800 * 10**9
    monkeypatch.setattr("time.time_ns", lambda: now)
    started = Spool(tmp_path / "spool.db", Seal(KEY), max_bytes=64 << 20)
    assert started.append([incoming(b"b"), incoming(b"a")])[1] == Receipt(first.id, duplicate=True)
    started.close()
    monkeypatch.setattr("time.monotonic_ns", lambda: minutes)
    spool.append([incoming(b"c")])
    assert spool.append([incoming(b"a")]) == [Receipt(first.id, duplicate=True)]


@pytest.mark.parametrize("days", [-2, 400])
def test_a_repeat_is_known_for_a_day_after_the_clock_was_set(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    began, now = time.monotonic_ns(), time.time_ns() + days * 86_400 * 10**9

    def at(hours: int) -> None:
        monkeypatch.setattr("time.time_ns", lambda: now + hours * 3600 * 10**9)
        monkeypatch.setattr("time.monotonic_ns", lambda: began + hours * 3600 * 10**9)

    at(1)
    first = spool.append([incoming(b"a")])[0]
    at(24)
    spool.append([incoming(b"b")])
    assert spool.append([incoming(b"a")]) == [Receipt(first.id, duplicate=True)]
    at(26)
    spool.append([incoming(b"c")])
    with closing(sqlite3.connect(tmp_path / "spool.db")) as file:
        assert file.execute("select count(*) from seen").fetchone() == (2,), "what is older is forgotten"


def test_requests_of_one_commit_have_instants_of_their_own(spool: Spool) -> None:
    spool.append([incoming(bytes([n])) for n in range(9)])
    assert len({waiting.received_at for waiting in spool.take(9, 1 << 20)}) == 9


def test_nothing_is_taken_behind_what_has_waited_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool.db", Seal(KEY), max_bytes=64 << 20, max_age_seconds=60)
    first = spool.append([incoming(b"a")])[0]
    now = time.time_ns()
    monkeypatch.setattr("time.time_ns", lambda: now + 59 * 10**9)
    second = spool.append([incoming(b"b")])[0]
    spool.check()
    monkeypatch.setattr("time.time_ns", lambda: now + 61 * 10**9)
    with pytest.raises(SpoolOverdueError, match="more than 60 s"):
        spool.append([incoming(b"c")])
    with pytest.raises(SpoolOverdueError):
        spool.check()
    assert spool.append([incoming(b"a")]) == [Receipt(first.id, duplicate=True)], "a repeat is on disk already"
    spool.assign([first.id], "batch")
    spool.done("batch")
    assert not spool.append([incoming(b"c")])[0].duplicate
    assert next(waiting.id for waiting in spool.take(9, 1 << 20)) == second.id, "nothing was dropped"
    spool.close()


def test_a_full_spool_refuses_and_drops_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", Seal(KEY), max_bytes=1_000)
    first = spool.append([incoming(b"a" * 10)])[0]
    with pytest.raises(SpoolFullError, match="of 1000 bytes"):
        spool.append([incoming(b"small"), incoming(bytes(range(256)) * 2 + json.dumps(list(range(999))).encode())])
    assert spool.append([incoming(b"a" * 10)]) == [Receipt(first.id, duplicate=True)]
    assert [w.id for w in spool.take(10, 1 << 20)] == [first.id]
    spool.check()
    spool.assign([first.id], "batch")
    spool.done("batch")
    assert not spool.append([incoming(b"small")])[0].duplicate
    spool.close()


def test_take_keeps_to_both_limits_and_leaves_out_what_is_in_flight(spool: Spool) -> None:
    ids = [receipt.id for receipt in spool.append([incoming(bytes([n]) * 100) for n in range(5)])]
    assert [w.id for w in spool.take(2, 1 << 20)] == ids[:2]
    assert [w.id for w in spool.take(9, 250)] == ids[:2]
    assert [w.id for w in spool.take(9, 1)] == ids[:1]
    assert [w.id for w in spool.take(9, 1 << 20, {ids[0], ids[3]})] == [ids[1], ids[2], ids[4]]


def test_a_batch_survives_until_it_is_done(spool: Spool, tmp_path: Path) -> None:
    ids = [receipt.id for receipt in spool.append([incoming(bytes([n])) for n in range(4)])]
    spool.assign(ids[:2], "one")
    spool.assign(ids[2:3], "two")
    assert [w.id for w in spool.take(9, 1 << 20)] == ids[3:]
    assert spool.assign([ids[0], ids[3] + 9], "three") == set(), "the one is taken, the other is gone"
    spool.close()
    reopened = Spool(tmp_path / "spool.db", Seal(KEY), max_bytes=64 << 20)
    unfinished = reopened.unfinished()
    assert {batch: [w.id for w in waiting] for batch, waiting in unfinished.items()} == {
        "one": ids[:2],
        "two": ids[2:3],
    }
    assert unfinished["one"][0].batch == "one"
    reopened.done("one")
    assert list(reopened.unfinished()) == ["two"]
    assert reopened.remaining(ids) == ({ids[2], ids[3]}, set())
    reopened.close()


def test_a_request_that_fails_three_times_is_set_aside_and_listed(spool: Spool) -> None:
    bad, good = (receipt.id for receipt in spool.append([incoming(b"bad", spans=7), incoming(b"good")]))
    spool.assign([bad, good], "batch")
    assert [spool.failed(bad, "the worker ended") for _ in range(MAX_ATTEMPTS)] == [False, False, True]
    assert [w.id for w in spool.unfinished()["batch"]] == [good]
    spool.done("batch")
    assert spool.remaining([bad, good]) == (set(), {bad})
    (listed,) = spool.quarantined()
    assert (listed.id, listed.spans, listed.attempts, listed.reason) == (bad, 7, 3, "the worker ended")
    assert spool.take(9, 1 << 20) == []


def test_a_damaged_body_is_set_aside_and_the_others_go_on(spool: Spool, tmp_path: Path) -> None:
    ids = [receipt.id for receipt in spool.append([incoming(bytes([n])) for n in range(4)])]
    spool.assign(ids[2:], "batch")
    with sqlite3.connect(tmp_path / "spool.db") as file:
        file.execute("update request set sealed = zeroblob(64) where id in (?, ?)", (ids[0], ids[2]))
    file.close()
    assert [w.id for w in spool.take(9, 1 << 20)] == [ids[1]]
    assert [w.id for w in spool.unfinished()["batch"]] == [ids[3]]
    assert [(q.id, q.reason) for q in spool.quarantined()] == [
        (ids[0], "the seal does not open"),
        (ids[2], "the seal does not open"),
    ]


def test_a_body_moved_to_another_row_does_not_open(spool: Spool, tmp_path: Path) -> None:
    first, second = (receipt.id for receipt in spool.append([incoming(b"one"), incoming(b"two")]))
    with sqlite3.connect(tmp_path / "spool.db") as file:
        file.execute("update request set sealed = (select sealed from request where id = ?)", (second,))
    file.close()
    assert [w.id for w in spool.take(9, 1 << 20)] == [second]
    assert [q.id for q in spool.quarantined()] == [first]


def test_the_counts_follow_every_change(spool: Spool) -> None:
    assert spool.counts() == SpoolCounts(0, 0, 0, 0, 0, None)
    ids = [receipt.id for receipt in spool.append([incoming(bytes([n]), spans=10) for n in range(3)])]
    oldest = spool.take(1, 1)[0].received_at
    full = spool.counts()
    assert (full.waiting_requests, full.waiting_spans, full.quarantined, full.oldest_ns) == (3, 30, 0, oldest)
    assert full.waiting_bytes > 0
    for _ in range(MAX_ATTEMPTS):
        spool.failed(ids[0], "the worker ended")
    spool.assign([ids[1]], "batch")
    spool.done("batch")
    left = spool.counts()
    assert (left.waiting_requests, left.waiting_spans, left.quarantined) == (1, 10, 1)
    assert left.waiting_bytes == full.waiting_bytes // 3


def test_another_key_is_refused_while_requests_wait(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    spool = Spool(path, Seal(KEY), max_bytes=1 << 20)
    request_id = spool.append([incoming(b"a")])[0].id
    with pytest.raises(SpoolUnavailableError, match="another key"):
        Spool(path, Seal(bytes(32)), max_bytes=1 << 20)
    spool.assign([request_id], "batch")
    spool.done("batch")
    spool.close()
    other = Spool(path, Seal(bytes(32)), max_bytes=1 << 20)
    assert not other.append([incoming(b"a")])[0].duplicate
    other.close()


def test_a_file_that_is_no_spool_of_this_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with sqlite3.connect(path) as file:
        file.execute("create table notes (text)")
    file.close()
    with pytest.raises(SpoolUnavailableError, match="another program"):
        Spool(path, Seal(KEY), max_bytes=1 << 20)
    path.unlink()
    Spool(path, Seal(KEY), max_bytes=1 << 20).close()
    with sqlite3.connect(path) as file:
        file.execute("pragma user_version = 99")
    file.close()
    with pytest.raises(SpoolUnavailableError, match="version 99"):
        Spool(path, Seal(KEY), max_bytes=1 << 20)


def test_spools_opened_together_create_one_file(tmp_path: Path) -> None:
    opened: list[Spool] = []
    start = threading.Barrier(6)

    def open_spool() -> None:
        start.wait()
        opened.append(Spool(tmp_path / "spool.db", Seal(KEY), max_bytes=1 << 20))

    threads = [threading.Thread(target=open_spool) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    ids = [spool.append([incoming(bytes([n]))])[0].id for n, spool in enumerate(opened)]
    assert [w.id for w in opened[0].take(9, 1 << 20)] == ids
    for spool in opened:
        spool.close()


def test_a_new_file_is_created_by_one_process_at_a_time(tmp_path: Path) -> None:
    path, opened = tmp_path / "spool.db", threading.Event()

    def open_spool() -> None:
        Spool(path, Seal(KEY), max_bytes=1 << 20).close()
        opened.set()

    directory = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_SH)  # as somebody who has just made it
    thread = threading.Thread(target=open_spool)
    thread.start()
    waited = not opened.wait(0.5)
    os.close(directory)
    thread.join()
    assert waited
    assert path.stat().st_size > 0


def test_a_drained_burst_gives_its_disk_back(spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.spool.file._VACUUM_ABOVE_BYTES", 1 << 20)
    noise = random.Random(1)
    ids = [spool.append([incoming(noise.randbytes(200_000))])[0].id for _ in range(40)]
    spool.close()
    high = (tmp_path / "spool.db").stat().st_size
    for request_id in ids:
        spool.assign([request_id], str(request_id))
        spool.done(str(request_id))
    spool.close()
    assert (tmp_path / "spool.db").stat().st_size < high / 2
