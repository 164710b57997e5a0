"""The durable queue between the receiver and the store: one SQLite file with sealed bodies.

The receiver appends and acknowledges. One writer takes, groups, inserts and deletes. An acknowledged request leaves the
file only by `done`, or when an operator drops it from quarantine.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from collector.spool.fair_order import round_robin
from collector.spool.file import (
    SpoolError,
    SpoolFullError,
    SpoolOverdueError,
    SpoolUnavailableError,
    give_back_pages,
    transaction,
)
from collector.spool.key_files import load_or_create_keys
from collector.spool.ledger import collector_id, count_group, of_slots
from collector.spool.place import SpoolPlace
from collector.spool.queue import oldest_receipt, waiting_by_key
from collector.spool.records import Incoming, Quarantined, Receipt, Signal, SpoolCounts, Waiting
from collector.spool.repeats import Repeats
from collector.spool.schema import MINUTE_NS
from collector.spool.seal import Seal, SealError, bound_to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from collector.settings import Settings
    from collector.spool.place import Identity
    from collector.spool.tally import Slot, Tally

__all__ = [
    "MAX_ATTEMPTS",
    "Incoming",
    "Quarantined",
    "Receipt",
    "Signal",
    "Spool",
    "SpoolCounts",
    "SpoolError",
    "SpoolFullError",
    "SpoolOverdueError",
    "SpoolUnavailableError",
    "Waiting",
    "open_spool",
]

MAX_ATTEMPTS = 3
"""A request that failed this often is quarantined, so that it cannot break workers again and again."""

_UNFINISHED_BYTES = 64 << 20
_SPARE_SHARE = 32  # the spool is ready if 1/32 of the limit is free

_ONE_WAITING = """
select id, signal, digest, sender, key_name, received_at, spans, attempts, batch, sealed from request where id = ?
"""
_IN_BATCH = """
select id, signal, digest, sender, key_name, received_at, spans, attempts, batch, sealed from request
where batch = ? order by id
"""
_SLOTS = f"select distinct key_name, signal, received_at / {MINUTE_NS} from request where "  # noqa: S608 - a number of ours


def open_spool(settings: Settings) -> Spool:
    """Open the spool of the data directory with its key. Raises SpoolError or KeyFileError."""
    settings.make_data_dir()
    seal = Seal(*load_or_create_keys(settings.key_path, settings.spool_key or None))
    return Spool(
        settings.spool_path, seal, max_bytes=settings.spool_max_bytes, max_age_seconds=settings.spool_max_age_seconds
    )


class Spool:
    """The queue in the file at `path`; safe to use from threads and from the two processes that share it.

    After a disk error the next call opens the file again, so the spool recovers when the disk does.
    """

    def __init__(self, path: Path, seal: Seal, *, max_bytes: int, max_age_seconds: int = 0) -> None:
        """Open or create the file. Without `max_age_seconds`, waiting requests may be of any age."""
        self._place = SpoolPlace(path, seal)
        self._seal = seal
        self._fingerprint = seal.fingerprints[0]
        self._max_bytes = max_bytes
        self._max_age_seconds = max_age_seconds
        self._repeats = Repeats()
        with self.opened():
            pass

    @property
    def max_bytes(self) -> int:
        """Limit of all sealed bytes."""
        return self._max_bytes

    @property
    def max_age_seconds(self) -> int:
        """Age of the oldest waiting request above which new requests are refused; 0 means no limit."""
        return self._max_age_seconds

    def opened(self) -> AbstractContextManager[sqlite3.Connection]:
        """Yield the connection to one caller at a time. Raises SpoolUnavailableError for errors of file or disk."""
        return self._place.opened()

    def identity(self) -> Identity | None:
        """Return the identity of the file. It changes after a salvage."""
        return self._place.identity()

    @property
    def tally(self) -> Tally:
        """The second copy of the ledger's counts, in files of their own."""
        return self._place.tally

    def note_counts(self, connection: sqlite3.Connection, slots: Collection[Slot], *, forgotten: bool = False) -> None:
        """Copy the ledger's counts of these slots to the tally. Call it after each transaction that changed them."""
        highest = connection.execute("select max(seq) from sqlite_sequence where name = 'request'").fetchone()[0]
        entries = of_slots(connection, slots)
        self.tally.write(collector_id(connection), highest or 0, entries, forgotten=forgotten)

    def append(self, requests: Sequence[Incoming]) -> list[Receipt]:
        """Store the requests in one transaction with one fsync. Return a receipt for each, in order.

        On return they are on disk. After SpoolFullError or SpoolUnavailableError none of them is. Each request gets its
        own receipt time, which identifies it in the store.
        """
        digests_by_key = [self._seal.digests(request.signal, request.body) for request in requests]
        digests = [of_request[0] for of_request in digests_by_key]
        now = time.time_ns()
        with self.opened() as connection:
            # Repeats are looked up before sealing, so that a retry storm costs less than new requests.
            known = self._repeats.known(connection, digests_by_key)
            sealed = {
                digest: self._seal.seal(request.body, bound_to(request.signal, digest))
                for request, digest in zip(requests, digests, strict=True)
                if digest not in known
            }
            with transaction(connection):
                self._repeats.forget(connection)
                self._check_room(connection, sum(map(len, sealed.values())), now)
                receipts = []
                for number, (request, digest) in enumerate(zip(requests, digests, strict=True)):
                    if digest in known:
                        receipts.append(Receipt(known[digest], duplicate=True))
                        continue
                    known[digest] = self._insert(connection, request, digest, sealed[digest], now + number)
                    receipts.append(Receipt(known[digest], duplicate=False))
                duplicates = [receipt.duplicate for receipt in receipts]
                count_group(connection, list(zip(requests, duplicates, strict=True)), now)
            last = now + len(requests) - 1
            minutes = range(now // MINUTE_NS, last // MINUTE_NS + 1)
            self.note_counts(
                connection, {(each.key_name, each.signal, minute) for each in requests for minute in minutes}
            )
        return receipts

    def take(
        self,
        limit_requests: int,
        limit_bytes: int,
        exclude: Collection[int] = (),
        at_work: Mapping[str, int] | None = None,
    ) -> list[Waiting]:
        """Return requests without a batch, up to both limits (in decrypted bytes) but at least one.

        Keys take turns, those with the fewest requests `at_work` first. Each key's oldest request comes first.
        Nothing is marked as taken: the caller passes the requests in flight as `exclude`.
        """
        taken: list[Waiting] = []
        taken_bytes = 0
        with self.opened() as connection:
            for request_id in round_robin(waiting_by_key(connection, exclude), at_work or {}):
                row = connection.execute(_ONE_WAITING, (request_id,))
                waiting = self._open_row(connection, row.fetchone())
                if waiting is None:
                    continue
                if taken and taken_bytes + len(waiting.body) > limit_bytes:
                    break
                taken.append(waiting)
                taken_bytes += len(waiting.body)
                if len(taken) >= limit_requests:
                    break
        return taken

    def assign(self, ids: Collection[int], batch: str) -> set[int]:
        """Commit that these requests form one batch, so that the same insert can be repeated after a crash.

        Return the ids that were assigned; the others were lost with pages of a damaged file.
        """
        with self.opened() as connection, transaction(connection):
            connection.execute(
                "update request set batch = ? where id in (select value from json_each(?))"
                " and batch is null and state = 'waiting'",
                (batch, json.dumps(list(ids))),
            )
            joined = connection.execute("select id from request where batch = ?", (batch,)).fetchall()
        return {request_id for (request_id,) in joined}

    def unfinished(self) -> dict[str, list[Waiting]]:
        """Return batches that were assigned and are not done, each in order of arrival.

        If they are too large together, only some are returned. An empty result means that none is left.
        """
        batches: dict[str, list[Waiting]] = {}
        size = 0
        with self.opened() as connection:
            for (batch,) in connection.execute("select distinct batch from request where batch is not null").fetchall():
                for row in connection.execute(_IN_BATCH, (batch,)).fetchall():
                    waiting = self._open_row(connection, row)
                    if waiting is not None:
                        batches.setdefault(batch, []).append(waiting)
                        size += len(waiting.body)
                if size > _UNFINISHED_BYTES:
                    break
        return batches

    def done(self, batch: str, unredacted: Mapping[int, int] | None = None) -> None:
        """Delete the requests of a batch: the store has them now.

        `unredacted` has, by request id, the number of spans without text because it could not be redacted.
        """
        with self.opened() as connection:
            with transaction(connection):
                slots = connection.execute(f"{_SLOTS} batch = ?", (batch,)).fetchall()
                for request_id, spans in (unredacted or {}).items():
                    connection.execute("update request set unredacted = ? where id = ?", (spans, request_id))
                connection.execute("delete from request where batch = ?", (batch,))
            self.note_counts(connection, slots)
            give_back_pages(connection)

    def failed(self, request_id: int, reason: str) -> bool:
        """Count one failed attempt; return whether the request is quarantined now.

        `reason` is stored unencrypted: it names the kind of failure and never quotes the request.
        """
        with self.opened() as connection, transaction(connection):
            connection.execute(
                "update request set attempts = attempts + 1, reason = ? where id = ?", (reason, request_id)
            )
            moved = connection.execute(
                "update request set state = 'quarantined', batch = null where id = ? and attempts >= ?",
                (request_id, MAX_ATTEMPTS),
            ).rowcount
        return moved > 0

    def remaining(self, ids: Collection[int]) -> tuple[set[int], set[int]]:
        """Return the ids that still wait and the ids in quarantine; the others are stored."""
        with self.opened() as connection:
            rows = connection.execute(
                "select id, state from request where id in (select value from json_each(?))", (json.dumps(list(ids)),)
            ).fetchall()
        return {i for i, state in rows if state == "waiting"}, {i for i, state in rows if state == "quarantined"}

    def quarantined(self) -> list[Quarantined]:
        """Return the quarantined requests, oldest first."""
        with self.opened() as connection:
            rows = connection.execute(
                "select id, signal, key_name, received_at, spans, bytes, attempts, reason from request"
                " where state = 'quarantined' order by id"
            ).fetchall()
        return [Quarantined(*row) for row in rows]

    def counts(self) -> SpoolCounts:
        """Return the fill level of the spool."""
        with self.opened() as connection:
            totals = {state: figures for state, *figures in connection.execute("select * from total")}
            oldest = oldest_receipt(connection)
        requests, spans, size = totals["waiting"]
        aside, _, aside_size = totals["quarantined"]
        return SpoolCounts(requests, spans, size, aside, aside_size, oldest)

    def check(self) -> None:
        """Raise SpoolUnavailableError if nothing can be written, SpoolFullError if under 1/32 of the limit is free."""
        with self.opened() as connection, transaction(connection):
            self._check_room(connection, self._max_bytes // _SPARE_SHARE, time.time_ns())
            connection.execute("update total set requests = requests where state = 'waiting'")

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._place.close()

    def _check_room(self, connection: sqlite3.Connection, needed: int, now: int) -> None:
        """Refuse `needed` more bytes if they exceed the limit, or if the oldest request has waited too long."""
        if not needed:
            return
        used = connection.execute("select sum(bytes) from total").fetchone()[0]
        if used + needed > self._max_bytes:
            raise SpoolFullError(f"The spool holds {used} of {self._max_bytes} bytes and cannot take {needed} more.")
        oldest = oldest_receipt(connection) if self._max_age_seconds else None
        if oldest is not None and now - oldest > self._max_age_seconds * 10**9:
            raise SpoolOverdueError(f"The oldest request has waited for more than {self._max_age_seconds} s.")

    def _insert(self, connection: sqlite3.Connection, request: Incoming, digest: bytes, sealed: bytes, now: int) -> int:
        # A service name is text of the sender, so only a keyed hash of it is stored unencrypted.
        sender = self._seal.digest("sender", request.sender.encode()).hex()
        cursor = connection.execute(
            "insert into request (digest, signal, key_name, sender, received_at, spans, bytes, sealed_by, sealed)"
            " select ?, ?, ?, ?, ?, ?, ?, id, ? from seal where fingerprint = ?",
            (digest, request.signal, request.key_name, sender, now, request.spans, len(sealed), sealed,
             self._fingerprint),
        )  # fmt: skip
        request_id = int(cursor.lastrowid or 0)
        self._repeats.remember(connection, digest, request_id)
        return request_id

    def _open_row(self, connection: sqlite3.Connection, row: tuple[Any, ...]) -> Waiting | None:
        """Return the decrypted request. One that cannot be opened is quarantined, so that the others go on."""
        request_id, signal, digest, *rest, sealed = row
        try:
            body = self._seal.open(sealed, bound_to(signal, digest))
        except SealError:
            with transaction(connection):
                connection.execute(
                    "update request set state = 'quarantined', batch = null, reason = ? where id = ?",
                    ("the seal does not open", request_id),
                )
            return None
        return Waiting(request_id, signal, body, *rest)
