"""Blocks of rows into the store, each row once: a batch that was interrupted is finished from the spool."""

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
    """The exporter into the store (collector.exporters.exporter).

    `inserted` is called after each insert, with the table's name, the rows and the seconds it took, and always before
    the spool forgets the requests that the rows came from.
    """

    def __init__(
        self, spool: Spool, store: Store, dispatcher: Dispatcher, inserted: Callable[[str, pa.Table, float], None]
    ) -> None:
        self._spool = spool
        self._store = store
        self._dispatcher = dispatcher
        self._inserted = inserted

    def recover(self) -> None:
        """Finish what was begun and interrupted: batches that the store may hold in whole, in part or not at all."""
        while unfinished := self._spool.unfinished():
            for batch, requests in unfinished.items():
                log.info("finishing a batch of %d requests that was interrupted", len(requests))
                unredacted = self._finish(batch, requests)
                if unredacted is not None:
                    self._spool.done(batch, unredacted)

    def export(self, block: Block) -> None:
        """Insert what is ready, as one block a table, and let the spool forget it.

        If this stops half-way, `recover` finishes the batch from the spool.
        """
        batch = uuid.uuid4().hex
        joined = self._spool.assign(block.requests, batch)
        taken = block.taken()
        ready = [rows for rows in taken if rows.request_id in joined]
        if len(ready) < len(taken):  # they went with the spool's damage: the audit counts them, and says so
            log.warning("%d requests of a block are gone from the spool", len(taken) - len(ready))
        for signal, name in TABLES.items():
            parts = [rows.table() for rows in ready if rows.signal == signal]
            if parts:
                self._insert(name, pa.concat_tables(parts), token=f"{batch}-{name}")
        self._spool.done(batch, {rows.request_id: rows.unredacted for rows in ready if rows.unredacted})

    def _finish(self, batch: str, requests: list[Waiting]) -> dict[int, int] | None:
        """Insert what is missing; return None if a request failed and was counted so.

        Otherwise the rows of each request of which a text could not be redacted.
        """
        answers = self._dispatcher.ask_all(requests)
        failed = {rows.request_id: rows.error for rows in answers if rows.error}
        for signal, name in TABLES.items():
            parts = [rows for rows in answers if rows.signal == signal and not rows.error]
            try:
                # Under the token of before: a slow server may be about to store the same rows.
                self._insert_missing(name, parts, token=f"{batch}-{name}")
                # Under another: a server that was killed may remember the token and not have the rows.
                self._insert_missing(name, parts, token=f"{batch}-{name}-{time.time_ns()}")
            except QueryFailedError:
                failed |= self._refused(name, parts)
        for request_id, error in failed.items():
            self._dispatcher.fail(request_id, error)
        return None if failed else {rows.request_id: rows.unredacted for rows in answers if rows.unredacted}

    def _refused(self, name: str, parts: list[Rows]) -> dict[int, str]:
        """Insert request by request; return those whose rows the store refuses.

        Where it takes no rows at all, be it for want of a grant, that is no fault of theirs: raises StoreError.
        """
        self._store.command(f"INSERT INTO {name} SELECT * FROM {name} LIMIT 0")  # noqa: S608 - one of TABLES
        refused = {}
        for rows in parts:
            missing = without_stored(self._store, name, rows.table())  # no fault of theirs if this is refused
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
            # As one block: a token counts for a block, and another try must be cut up in the same way.
            self._store.insert(name, table.combine_chunks(), token=token)
            self._inserted(name, table, time.monotonic() - began)
