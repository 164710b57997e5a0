"""The one way to ClickHouse: embedded, a server or a cluster.

`chdb:///path`, `clickhouse[s]://user:password@host:port/database`, and the latter with `?cluster=NAME`.
"""

from __future__ import annotations

import queue
import re
import shutil
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from schema.store import read_only
from schema.store.cluster import Layout
from schema.store.embedded_reader import embedded_reader
from schema.store.errors import (
    CODE,
    MigrationChangedError,
    NothingStoredError,
    QueryFailedError,
    StoreError,
    StoreUnavailableError,
)
from schema.store.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

__all__ = [
    "MigrationChangedError",
    "NothingStoredError",
    "QueryFailedError",
    "Store",
    "StoreError",
    "StoreUnavailableError",
]

_EMBEDDED_OPTIONS = {"mark_cache_size": 256 * 2**20}  # the engine's default reserves up to 5 GiB
_SETTINGS = {"max_memory_usage": 4 * 10**9, "async_insert": 0, "max_partitions_per_insert_block": 0}
# Time-outs, memory, load, network, keeper; a disk that is full (75: a write failed, 243: too little to begin with); a
# server that stops (236), a shard without a replica (279, 519), too few replicas (285, 286, 319), a new password (516).
_VISITORS = 4  # statements of users that run at once: what is left over belongs to those who send
_VISITOR_SECONDS = 5.0  # that one more waits for its turn
_PASSING = frozenset({75, 159, 202, 209, 210, 225, 236, 241, 242, 243, 252, 279, 285, 286, 319, 425, 516, 519, 999})
_DISK = re.compile(r"Read-only file system|Permission denied|No space left|Input/output error|Too many open files")
_LOCKED = re.compile(r"cannot lock|Code: (36|76)\b", re.IGNORECASE)


class Store:
    """A ClickHouse database. Safe to use from many threads; one process at a time when embedded."""

    def __init__(self, url: str, *, patience: float = 20.0) -> None:
        """Connect to `url`; an embedded store that another process is just leaving is waited for `patience` seconds."""
        parts = urlsplit(url)
        if parts.scheme not in {"chdb", "clickhouse", "clickhouses"}:
            raise StoreUnavailableError(
                f"SPANLEDGER_STORE must start with chdb://, clickhouse:// or clickhouses://, not {parts.scheme!r}"
            )
        self.embedded = parts.scheme == "chdb"
        self.writing_runs = threading.Lock()
        """Held from reading runs until they are written again, so that no version that comes in between is lost."""
        try:
            self._url, self.layout = Layout.of(url)
        except ValueError as error:
            raise StoreUnavailableError(f"SPANLEDGER_STORE: {error}") from None
        self._named = "the store" if self.embedded else f"the store at {parts.hostname}:{parts.port or 'its port'}"
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._idle_read_only: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._database = "default" if self.embedded else unquote(parts.path[1:].split("/")[0]) or "default"
        self.reading_seconds = read_only.SECONDS
        """How long a user's statement may run."""
        self._visitors = threading.BoundedSemaphore(_VISITORS)
        if self.embedded:
            if not parts.path.strip("/"):
                raise StoreUnavailableError("SPANLEDGER_STORE names no folder: write chdb:///absolute/path")
            Path(parts.path).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._idle.put(self._first_client(patience))

    @classmethod
    def open(cls, url: str, *, patience: float = 20.0, create: bool = True) -> Self:
        """Connect and bring the tables up to date. Raises StoreUnavailableError or MigrationChangedError.

        Without `create` it makes no folder and no tables where there are none, and raises NothingStoredError.
        """
        parts = urlsplit(url)
        folder = Path(parts.path)
        if not create and parts.scheme == "chdb" and not (folder.is_dir() and any(folder.iterdir())):
            raise NothingStoredError(_nothing_in(parts.path))
        store = cls(url, patience=patience)
        if not create and not store.command("EXISTS TABLE schema_migrations"):
            store.close()
            raise NothingStoredError(_nothing_in(f"{parts.hostname}{parts.path}"))
        migrate(store)
        return store

    def insert(self, table: str, rows: pa.Table | pa.RecordBatch, *, token: str) -> None:
        """Insert the rows as one block; a block with a `token` that came before is dropped by ClickHouse."""
        if isinstance(rows, pa.RecordBatch):
            rows = pa.Table.from_batches([rows])
        with self._client() as client:
            answer = client.insert_arrow(table, rows, settings={"insert_deduplication_token": token})
        if not self.embedded and not answer.query_id():  # a page of a proxy would pass for a success
            raise StoreUnavailableError(f"{self._named} answered an insert, but not as ClickHouse does: is it a proxy?")

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Run a query of ours, its parameters bound as `{name:Type}`, and return the rows."""
        with self._client() as client:
            return client.query_arrow(sql, parameters=_bound(parameters))

    def query_read_only(self, sql: str) -> pa.Table:
        """Run a user's statement, which can read our tables and nothing else (see schema.store.read_only).

        Raises QueryFailedError, with a reason for the user, or StoreUnavailableError.
        """
        with self._visit() as ask:
            return read_only.answer(ask, sql, self._database, seconds=self.reading_seconds)

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - any one value
        """Run a statement that returns at most one value."""
        with self._client() as client:
            return client.command(sql, parameters=_bound(parameters))

    def create(self, statement: str) -> None:
        """Create a table of ours, on every server of a cluster; the statement is the one for a single server."""
        for each in self.layout.create(statement):
            self.command(each)

    def drop(self, table: str) -> None:
        """Drop a table that may not be there, on every server of a cluster."""
        for each in self.layout.drop(table):
            self.command(each)

    def free_bytes(self) -> int | None:
        """Return what is free on the disk of an embedded store, None for a server."""
        return shutil.disk_usage(urlsplit(self._url).path).free if self.embedded else None

    def close(self) -> None:
        """Close every connection; an embedded store is free for another process afterwards."""
        for idle in (self._idle, self._idle_read_only):
            while not idle.empty():
                idle.get().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Lend a connection: embedded ones are not for two threads at once, so each call has one to itself."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._connect({})
        try:
            with _failures(_PASSING, self._named):
                yield client
        finally:
            self._idle.put(client)

    @contextmanager
    def _visit(self) -> Iterator[read_only.Ask]:
        """Lend a connection to a user's statement: it reads only, within limits, and some at a time."""
        if not self._visitors.acquire(timeout=_VISITOR_SECONDS):
            raise StoreUnavailableError(f"{_VISITORS} statements run already: try again when one has ended")
        limits = {**self.layout.reading, **read_only.SETTINGS, "max_execution_time": self.reading_seconds}
        try:
            with (
                _failures(_PASSING, self._named),
                self._reader({**limits, "readonly": 1}) as ask,
            ):  # nothing can be set after it
                yield partial(_ask_within_limits, ask, self._named)
        finally:
            self._visitors.release()

    @contextmanager
    def _reader(self, settings: dict[str, Any]) -> Iterator[read_only.Ask]:
        """Open a connection on which one statement leaves nothing that the next could meet.

        An embedded one is thrown away. One to a server has no session: each request brings its settings with it.
        """
        if self.embedded:
            settings = {**_SETTINGS, **settings}
            path = urlsplit(self._url).path
            with embedded_reader(path, _EMBEDDED_OPTIONS, settings, read_only.DATABASE) as ask:
                yield ask
            return
        try:
            client = self._idle_read_only.get_nowait()
        except queue.Empty:
            client = self._connect(settings)
            client.database = read_only.DATABASE
        try:
            yield lambda sql, parameters: client.query_arrow(sql, parameters=_bound(parameters))
        finally:
            self._idle_read_only.put(client)

    def _connect(self, settings: dict[str, Any]) -> Any:  # noqa: ANN401 - the client library has no types
        settings = _SETTINGS | self.layout.settings | settings
        if self.embedded:
            return clickhouse_connect.get_client(dsn=self._url, settings=settings, chdb_options=_EMBEDDED_OPTIONS)
        dsn = self._url.replace("clickhouses://", "https://", 1).replace("clickhouse://", "http://", 1)
        return clickhouse_connect.get_client(dsn=dsn, settings=settings, autogenerate_session_id=False)

    def _first_client(self, patience: float) -> Any:  # noqa: ANN401 - the client library has no types
        """Open the first connection; the engine's lock can outlive a killed process by some seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return self._connect({})
            except (ClickHouseError, ValueError, HTTPError) as error:
                locked = self.embedded and _LOCKED.search(str(error))
                if not locked or time.monotonic() > deadline:
                    reason = "another process holds it" if locked else str(error)
                    raise StoreUnavailableError(f"cannot open {self._named}: {reason}") from None
            time.sleep(0.25)


def _nothing_in(place: str) -> str:
    return (
        f"nothing is stored in {place}: start `spanledger up`, or set SPANLEDGER_DATA_DIR (or SPANLEDGER_STORE)"
        " to what the instance has"
    )


@contextmanager
def _failures(passing: frozenset[int], named: str) -> Iterator[None]:
    """Raise what goes wrong in the client or the engine as a StoreError; numbers in `passing` end by themselves."""
    try:
        yield
    except (ClickHouseError, RuntimeError) as error:  # the embedded engine's own errors are RuntimeErrors
        code = CODE.search(str(error))
        if code and int(code[1]) not in passing and not _DISK.search(str(error)):
            raise QueryFailedError(str(error)) from None
        raise StoreUnavailableError(f"{named} did not answer: {error}") from None
    except (OSError, ValueError, HTTPError) as error:  # the answer is cut off, or no Arrow
        raise StoreUnavailableError(f"{named} did not answer: {error}") from None


def _ask_within_limits(ask: read_only.Ask, named: str, sql: str, parameters: Mapping[str, str]) -> pa.Table:
    with _failures(_PASSING - read_only.LIMITS, named):
        return ask(sql, parameters)


class _Strings:
    """A list of strings as the client writes it; by itself it goes through their characters one by one in Python."""

    _ESCAPES: Final = str.maketrans({mark: f"\\{mark}" for mark in "\\'`\t\n"})

    def __init__(self, values: list[str]) -> None:
        self._values = values

    def __str__(self) -> str:
        return "['" + "', '".join([value.translate(self._ESCAPES) for value in self._values]) + "']"


def _bound(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: _Strings(value)
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value)
        else value
        for name, value in (parameters or {}).items()
    }
