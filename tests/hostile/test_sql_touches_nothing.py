"""A user's SQL reads our tables only: no file, no address, and nothing that a later query could notice."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aftermath import assert_unharmed
from sql_statements import Statements, Targets, escapes
from watched import Watched

from schema.store.errors import QueryFailedError
from schema.store.statement_tree import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from instance import Instance

    from schema.store.store import Store

STATEMENTS = int(os.environ.get("FUZZ_STATEMENTS", "1500"))
SEED = int(os.environ.get("FUZZ_SEED", "15"))
LONGEST = 5.0  # seconds
SECRET = "CANARY-" + "5f3a" * 4
NAMES = ("canary", "x", "mine", "tables", "spans", "runs", "spool.key", "api.json", "1", "String", "team")
"""Files in the current folder that a statement could name as a table."""


class Listener:
    """An address that must receive no connection."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    opened = Listener()
    yield opened
    opened.close()


@pytest.fixture
def hurried(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(store, "reading_seconds", 3)
    return store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, full of files that a statement could name."""
    for name in NAMES:
        (tmp_path / name).write_text(f"{SECRET}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _state(store: Store) -> list[object]:
    """Return the state that a later query, of ours or of the next user, would notice."""
    return [
        store.query("SELECT currentDatabase() AS database, currentUser() AS user").to_pylist(),
        store.query("SELECT name, value FROM system.settings WHERE changed ORDER BY name").to_pylist(),
        store.query("SELECT database, name FROM system.tables ORDER BY ALL").to_pylist(),
        store.query("SELECT name FROM system.databases ORDER BY ALL").to_pylist(),
        store.query("SELECT name FROM system.functions WHERE origin != 'System'").to_pylist(),
        [store.command(f"SELECT count() FROM {table}") for table in sorted(TABLES)],
        store.query_read_only("SELECT 1 AS one, [1, 2] AS list").to_pylist(),
        store.query_read_only("SHOW TABLES").to_pylist(),
    ]


def _files(store_path: str) -> set[str]:
    """Return the files of a store, without the parts of tables, which the engine merges at any time."""
    paths = (path.relative_to(store_path) for path in Path(store_path).rglob("*"))
    return {str(path) for path in paths if len(path.parts) <= 3}


@pytest.mark.timeout(4 * 3600)
def test_no_statement_changes_or_reaches_anything(
    hurried: Store, store_path: str, folder: Path, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    store = hurried
    targets = Targets(str(folder / "canary"), str(folder / "out.csv"), listener.address)
    statements = Statements(random.Random(SEED), targets)
    before, files = _state(store), _files(store_path)
    outcomes: Counter[str] = Counter()
    longest = 0.0
    with Watched(folder) as watched:
        for number in range(STATEMENTS):
            statement = statements.one()
            wall, cpu = time.monotonic(), time.process_time()
            try:
                answer = str(store.query_read_only(statement).slice(0, 100).to_pylist())
                outcomes["answered"] += 1
            except QueryFailedError as error:
                answer = str(error)
                outcomes["failed" if answer.startswith("Code:") else "refused"] += 1
            # The machine's other work is no fault of the statement.
            took = min(time.monotonic() - wall, time.process_time() - cpu)
            longest = max(longest, took)
            outcomes["stalls"] += took > LONGEST
            assert SECRET not in answer, statement
            assert "Expected one of" not in answer, statement
            touched = watched.touched()
            assert touched == [], statement
            assert listener.connections == 0, statement
            if number % 1000 == 0:
                assert _state(store) == before, statement
    assert _state(store) == before
    assert _files(store_path) <= files  # what tests before this one dropped, the engine removes when it likes
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    with capsys.disabled():
        print(f"\n{STATEMENTS} statements, seed {SEED}: {dict(outcomes)}; the longest took {longest:.1f} s")  # noqa: T201
    assert outcomes["stalls"] == 0
    assert outcomes["answered"] > STATEMENTS / 20
    assert outcomes["refused"] > STATEMENTS / 20


def test_an_instance_refuses_each_escape_in_one_sentence(attacked: Instance, folder: Path, listener: Listener) -> None:
    key = attacked.data_dir / "spool.key"
    targets = Targets(str(key), str(folder / "out.csv"), listener.address)
    with Watched(folder) as watched:
        for escape in escapes(targets):
            answer = attacked.api("POST", "/api/sql", json={"sql": escape})
            assert answer.status_code == 400, escape
            reason = answer.json()["detail"]
            assert "Expected one of" not in reason, escape
            assert "\n" not in reason, escape
            assert key.read_bytes().hex() not in answer.text, escape
        assert watched.touched() == []
    assert listener.connections == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert_unharmed(attacked, raw=(SECRET.encode(),))
