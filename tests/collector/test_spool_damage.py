"""A damaged page of the spool: readable requests are kept, the others counted as lost, and the receiver goes on."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest
from damage import damage

from collector.spool import ledger as spool_ledger
from collector.spool.seal import Seal
from collector.spool.spool import MAX_ATTEMPTS, Incoming, Spool, SpoolUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))


def opened(path: Path) -> Spool:
    return Spool(path, Seal(KEY), max_bytes=1 << 30)


def filled(path: Path, requests: int = 300) -> list[int]:
    """Fill a spool with bodies of one to three pages; one is quarantined, one was stored, two are in a batch."""
    noise = random.Random(3)
    spool = opened(path)
    ids = [
        receipt.id
        for number in range(requests)
        for receipt in spool.append([Incoming("traces", noise.randbytes(9_000), "s", f"key {number % 3}", 2)])
    ]
    spool.assign(ids[:1], "stored")
    spool.done("stored")
    for _ in range(MAX_ATTEMPTS):
        spool.failed(ids[1], "the worker ended")
    spool.assign(ids[2:4], "open")
    spool.close()  # the last connection moves everything from the log into the file
    return ids


@pytest.mark.parametrize("how_many", [1, 3])
def test_readable_requests_are_kept_and_the_ledger_counts_the_lost_ones(
    tmp_path: Path, how_many: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "spool.sqlite"
    ids = filled(path)
    assert damage(path, {13}, how_many)  # leaves of tables
    with caplog.at_level(logging.ERROR):
        spool = opened(path)
        taken = _taken(spool)
    assert list(tmp_path.glob("spool.sqlite.damaged-*")), "the damaged file is kept"
    assert "is damaged" in caplog.text
    assert set(taken) <= set(ids)
    assert len(taken) > len(ids) / 3
    assert spool.append([Incoming("traces", b"new", "s", "key 0", 1)])[0].id > max(taken)
    with spool.opened() as connection:
        counts = [entry.counts for entry in spool_ledger.totals(connection)]
        there = connection.execute("select count(*), sum(spans) from request").fetchone()
    for unit, held in zip(("requests", "spans"), there, strict=True):
        parts = {name: sum(count[f"{name}_{unit}"] for count in counts) for name in ("accepted", "stored", "lost")}
        assert parts["accepted"] == parts["stored"] + parts["lost"] + held
    spool.close()


def _taken(spool: Spool) -> list[int]:
    """Take everything; the first attempts may hit the damage. Salvaged requests wait in batches."""
    for _ in range(5):
        try:
            spool.check()
            everything = [waiting.id for waiting in spool.take(1_000_000, 1 << 40)]
            spool.quarantined()
            everything += [waiting.id for batch in spool.unfinished().values() for waiting in batch]
        except SpoolUnavailableError:
            continue
        return everything
    pytest.fail("the spool did not recover")


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    path.write_bytes(b"this is not a database, it is a sentence" * 100)
    spool = opened(path)
    assert spool.append([Incoming("traces", b"new", "s", "k", 1)])[0].id > 1_000_000, "numbers may have been given"
    spool.close()
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.read_bytes().startswith(b"this is not a database")


def test_two_processes_agree_on_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    filled(path)
    receiver, server = opened(path), opened(path)
    receiver.close()
    server.close()
    assert damage(path, {13}, 2)
    start = threading.Barrier(2)
    acknowledged: list[int] = []

    def send() -> None:
        start.wait()
        for number in range(50):
            try:
                acknowledged.extend(
                    receipt.id for receipt in receiver.append([Incoming("traces", b"%d" % number, "s", "key 0", 1)])
                )
            except SpoolUnavailableError:
                continue

    thread = threading.Thread(target=send)
    thread.start()
    start.wait()
    _taken(server)
    thread.join()
    assert acknowledged
    assert set(acknowledged) <= set(_taken(server)), "nothing was acknowledged into a file that was set aside"
    receiver.close()
    server.close()


def test_a_replacement_that_was_interrupted_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    ids = filled(path, 20)
    path.rename(tmp_path / "spool.sqlite.salvaged")
    path.write_bytes(b"damaged")
    spool = opened(path)
    assert sorted(waiting.id for waiting in spool.take(100, 1 << 30)) == ids[4:]
    spool.close()


def test_a_message_that_quotes_what_is_damaged_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    ids = filled(path, 20)
    content = bytearray(path.read_bytes())
    at = content.index(b"create trigger", 0, 4096) if b"create trigger" in content[:4096] else content.index(b"CREATE")
    content[at : at + 12] = b"\x81" * 12
    path.write_bytes(content)
    spool = opened(path)
    assert spool.append([Incoming("traces", b"new", "s", "key 0", 1)])[0].id > max(ids)
    spool.close()


def test_a_file_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    ids = filled(path, 20)
    with sqlite3.connect(path) as connection:
        connection.execute("alter table ledger drop column uncounted_losses")
    connection.close()
    for counts in tmp_path.glob("spool.sqlite.tally-*"):
        counts.unlink()
    spool = opened(path)
    assert spool.append([Incoming("traces", b"new", "s", "key 0", 1)])[0].id == ids[-1] + 1
    assert not list(tmp_path.glob("*.damaged-*"))
    with spool.opened() as connection:
        assert sum(entry.counts["lost_requests"] for entry in spool_ledger.totals(connection)) == 0
    spool.close()
