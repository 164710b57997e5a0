"""Inserts blocks of rows into the store, each row exactly once: interrupted batches are finished from the spool."""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING

import pyarrow as pa

from collector.exporters.missing_rows import without_stored
from schema.ledger_copy import TABLES
from schema.store.errors import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.exporters.batch import Block
    from collector.pipeline.dispatcher import Dispatcher
    from collector.pipeline.worker import Rows
    from collector.spool.spool import Spool, Waiting
    from schema.store.store import Store

log = logging.getLogger(__name__)


class ClickHouseExporter:
    """The exporter into the store (see collector.exporters.exporter).

    `inserted` is called after each insert with the table's name, the rows and the seconds, always before the spool
    deletes the requests of the rows.
    """

    def __init__(
        self, spool: Spool, store: Store, dispatcher: Dispatcher, inserted: Callable[[str, pa.Table, float], None]
    ) -> None:
        self._spool = spool
        self._store = store
        self._dispatcher = dispatcher
        self._inserted = inserted

    def recover(self) -> None:
        """Finish interrupted batches. The store may hold all of their rows, some or none."""
        while unfinished := self._spool.unfinished():
            for batch, requests in unfinished.items():
                log.info("finishing a batch of %d requests that was interrupted", len(requests))
                unredacted = self._finish(batch, requests)
                if unredacted is not None:
                    self._spool.done(batch, unredacted)

    def export(self, block: Block) -> None:
        """Insert the rows as one block a table, then delete their requests from the spool.

        If this is interrupted, `recover` finishes the batch from the spool.
        """
        batch = uuid.uuid4().hex
        joined = self._spool.assign(block.requests, batch)
        taken = block.taken()
        ready = [rows for rows in taken if rows.request_id in joined]
        if len(ready) < len(taken):  # lost with a damaged spool: the audit counts and reports them
            log.warning("%d requests of a block are missing from the spool", len(taken) - len(ready))
        for signal, name in TABLES.items():
            parts = [rows.table() for rows in ready if rows.signal == signal]
            if parts:
                self._insert(name, pa.concat_tables(parts), token=f"{batch}-{name}")
        self._spool.done(batch, {rows.request_id: rows.unredacted for rows in ready if rows.unredacted})

    def _finish(self, batch: str, requests: list[Waiting]) -> dict[int, int] | None:
        """Insert the missing rows. Return None if a request failed; its attempt is counted.

        Otherwise return, by request id, the number of rows with a text that could not be redacted.
        """
        results = self._dispatcher.process_all(requests)
        failed = {rows.request_id: rows.error for rows in results if rows.error}
        for signal, name in TABLES.items():
            parts = [rows for rows in results if rows.signal == signal and not rows.error]
            try:
                # With the first token: a slow server may be about to store the same rows.
                self._insert_missing(name, parts, token=f"{batch}-{name}")
                # With a new token: a server that was killed may know the token but not have the rows.
                self._insert_missing(name, parts, token=f"{batch}-{name}-{time.time_ns()}")
            except QueryFailedError:
                failed |= self._refused(name, parts)
        for request_id, error in failed.items():
            self._dispatcher.fail(request_id, error)
        return None if failed else {rows.request_id: rows.unredacted for rows in results if rows.unredacted}

    def _refused(self, name: str, parts: list[Rows]) -> dict[int, str]:
        """Insert request by request; return the requests with rows that the store refuses.

        If the store accepts no rows at all, for instance without a grant, no request is at fault: raises StoreError.
        """
        self._store.command(f"INSERT INTO {name} SELECT * FROM {name} LIMIT 0")  # noqa: S608 - one of TABLES
        refused = {}
        for rows in parts:
            missing = without_stored(self._store, name, rows.table())  # an error here is not the request's fault
            try:
                self._insert(name, missing, token=f"{rows.request_id}-{time.time_ns()}")
            except QueryFailedError:
                refused[rows.request_id] = "the store refused its rows"
        return refused

    def _insert_missing(self, name: str, parts: list[Rows], *, token: str) -> None:
        if parts:
            rows = pa.concat_tables([part.table() for part in parts])
            self._insert(name, without_stored(self._store, name, rows), token=token)

    def _insert(self, name: str, table: pa.Table, *, token: str) -> None:
        if table.num_rows:
            began = time.monotonic()
            # As one block: a token belongs to one block, and a retry must be split in the same way.
            self._store.insert(name, table.combine_chunks(), token=token)
            self._inserted(name, table, time.monotonic() - began)
