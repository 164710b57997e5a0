"""Group commit: requests that arrive while the disk is busy share the next transaction and its fsync."""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from collector.spool.spool import SpoolError, SpoolFullError

if TYPE_CHECKING:
    from collector.spool.spool import Incoming, Receipt, Spool

log = logging.getLogger(__name__)

_MAX_REQUESTS = 512
_MAX_BYTES = 32 << 20

_Entry = tuple["Incoming", "Future[Receipt]"]


class GroupCommit:
    """One thread that appends requests to the spool for all connections."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._entries: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._refusing = False
        self._thread = threading.Thread(target=self._run, name="group-commit")
        self._thread.start()

    def submit(self, request: Incoming) -> Future[Receipt]:
        """Return a future of the receipt. Its result means that the request is on disk.

        Its exception is a SpoolError if the spool refused the request.
        """
        future: Future[Receipt] = Future()
        self._entries.put((request, future))
        return future

    def close(self) -> None:
        """Commit what was submitted, then end the thread."""
        self._entries.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            group: list[_Entry] = []
            size = 0
            entry = self._entries.get()
            while True:
                if entry is None:
                    ended = True
                    break
                group.append(entry)
                size += len(entry[0].body)
                if size >= _MAX_BYTES or len(group) >= _MAX_REQUESTS:
                    break
                try:
                    entry = self._entries.get_nowait()
                except queue.Empty:
                    break
            self._commit([entry for entry in group if entry[1].set_running_or_notify_cancel()])

    def _commit(self, group: list[_Entry]) -> None:
        if not group:
            return
        try:
            receipts = self._spool.append([request for request, _ in group])
        except SpoolFullError as error:
            if len(group) > 1:  # one large request must not make the small ones of its group fail
                for entry in group:
                    self._commit([entry])
                return
            self._refuse(group, error)
        except Exception as error:  # noqa: BLE001 - every waiting caller must get the error
            self._refuse(group, error)
        else:
            if self._refusing:
                self._refusing = False
                log.info("the spool takes requests again")
            for (_, future), receipt in zip(group, receipts, strict=True):
                future.set_result(receipt)

    def _refuse(self, group: list[_Entry], error: Exception) -> None:
        if not self._refusing:
            self._refusing = True
            log.warning(
                "the spool refuses requests: %s", error if isinstance(error, SpoolError) else type(error).__name__
            )
        for _, future in group:
            future.set_exception(error)
