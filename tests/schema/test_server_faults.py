"""A server behind a bad network: rows that the store inserts are there once, however often it has to try."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from agent_runs import run_request
from clickhouse_double import ClickHouseDouble
from sample_runs import large_run, trace_of
from without_redaction import QuickPool

from collector.delivery import Writer
from collector.spool.seal import Seal
from collector.spool.spool import Incoming, Spool
from schema.ledger_lines import total
from schema.policy.policy import Policy
from schema.queries.ledger import lines
from schema.queries.scope import EVERYTHING
from schema.runs.recompute import recompute
from schema.span import to_batch
from schema.store.errors import StoreUnavailableError
from schema.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1_790_000_000_000_000_000


class Wire:
    """A network in front of a port: it can be cut within what a client sends, and it can keep answers back."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_after: int | None = None  # bytes of one connection
        self.answering = threading.Event()
        self.answering.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(self._server)
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()
            threading.Thread(target=self._return, args=(far, near), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        carried = 0
        while data := _received(near):
            carried += len(data)
            if self.cut_after is not None and carried > self.cut_after:
                break
            far.sendall(data)
        for end in (near, far):
            end.close()

    def _return(self, far: socket.socket, near: socket.socket) -> None:
        while data := _received(far):
            self.answering.wait()
            try:
                near.sendall(data)
            except OSError:  # the client has given up
                return


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(4096)
    except OSError:
        return b""


@pytest.fixture
def served(store: Store, store_path: str) -> Iterator[tuple[Wire, Store]]:
    """A server behind a wire, and a store with a client that waits two seconds for it."""
    database = f"faulty_{uuid4().hex}"
    store.command(f"CREATE DATABASE {database}")
    double = ClickHouseDouble(store_path)
    wire = Wire(double.port)
    address = f"clickhouse://default:secret@127.0.0.1:{wire.port}/{database}?send_receive_timeout=2"
    with double.up(), Store.open(address) as opened:
        yield wire, opened
    wire.close()
    double.close()
    store.command(f"DROP DATABASE {database}")


class Faulty(ClickHouseDouble):
    """A server that answers inserts into `spans` in a way of its own, as often as `times` says."""

    way = ""
    times = 0

    def _is_due(self, statement: str) -> bool:
        return self.times > 0 and statement.upper().startswith("INSERT INTO") and "spans" in statement

    def executed(self, statement: str, settings: dict[str, str]) -> str:
        if self._is_due(statement) and self.way in {"a page of a proxy", "an error of its own"}:
            return ""
        return super().executed(statement, settings)

    def answered(
        self, statement: str, status: int, content: bytes, headers: list[tuple[bytes, bytes]]
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        if not self._is_due(statement):
            return status, content, headers
        self.times -= 1
        if self.way == "a page of a proxy":
            return 200, b"<html>Sign in</html>", []
        if self.way in {"an error of its own", "an error after storing"}:
            return 500, b"<html>Bad gateway</html>", []
        return 200, b"", [*headers, (b"content-length", b"100")]  # the connection ends before


@pytest.fixture(params=["a page of a proxy", "an error of its own", "an error after storing", "cut off"])
def faulty(request: pytest.FixtureRequest, store: Store, store_path: str) -> Iterator[tuple[Faulty, Store]]:
    database = f"faulty_{uuid4().hex}"
    store.command(f"CREATE DATABASE {database}")
    double = Faulty(store_path)
    double.way = request.param
    with double.up(), Store.open(f"clickhouse://default:secret@127.0.0.1:{double.port}/{database}") as opened:
        yield double, opened
    double.close()
    store.command(f"DROP DATABASE {database}")


def test_a_server_that_answers_wrongly_loses_and_doubles_nothing(faulty: tuple[Faulty, Store], tmp_path: Path) -> None:
    double, store = faulty
    spool = Spool(tmp_path / "spool.sqlite", Seal(bytes(32)), max_bytes=1 << 30)
    bodies = [run_request(["Where is my parcel?"]) for _ in range(5)]
    spool.append([Incoming("traces", body, "sender", "alpha", len(ids)) for body, ids in bodies])
    writer = Writer(spool, store, QuickPool(), Policy())
    double.times = 2
    problems = []
    for _ in range(6):
        try:
            writer.drain()
            break
        except StoreUnavailableError as error:
            problems.append(str(error))
    spans = sum(len(ids) for _, ids in bodies)
    assert stored(store) == [{"copies": spans, "spans": spans}]
    assert problems
    assert all(f"127.0.0.1:{double.port}" in problem for problem in problems), "the sentence names the server"
    counted = total(
        lines(store, EVERYTHING, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1))
    )
    assert (counted.stored_spans, counted.waiting_spans, counted.quarantined_spans) == (spans, 0, 0)
    spool.close()


def stored(store: Store) -> list[dict[str, int]]:
    return store.query("SELECT count() AS copies, uniqExact(span_id) AS spans FROM spans").to_pylist()


def test_an_insert_that_is_cut_off_is_repeated_and_there_once(served: tuple[Wire, Store]) -> None:
    wire, store = served
    spans, token = to_batch(large_run(1, START, 300)), uuid4().hex
    wire.cut_after = 20_000
    with pytest.raises(StoreUnavailableError):
        store.insert("spans", spans, token=token)
    assert stored(store) == [{"copies": 0, "spans": 0}]
    wire.cut_after = None
    for _ in range(2):
        store.insert("spans", spans, token=token)
    assert stored(store) == [{"copies": 300, "spans": 300}]


def test_an_insert_that_is_answered_too_late_is_repeated_and_there_once(served: tuple[Wire, Store]) -> None:
    wire, store = served
    spans, token = to_batch(large_run(2, START, 300)), uuid4().hex
    wire.answering.clear()
    with pytest.raises(StoreUnavailableError):
        store.insert("spans", spans, token=token)
    wire.answering.set()
    store.insert("spans", spans, token=token)
    assert stored(store) == [{"copies": 300, "spans": 300}]
    assert recompute(store, [trace_of(2)]) == 1
    assert store.query("SELECT span_count FROM runs FINAL").to_pylist() == [{"span_count": 300}]
