"""Waiting requests by ingest key. Read from the index `request_queue`: the cost does not grow with the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

_PAGE: Final = 32  # ids of one key to read at a time
_NAMES: Final = """
with recursive key (name) as (
    select min(key_name) from request where state = 'waiting'
    union all
    select (select min(key_name) from request where state = 'waiting' and key_name > key.name)
    from key where name is not null
) select name from key where name is not null
"""
_NEXT_IDS: Final = """
select id from request where state = 'waiting' and key_name = ? and id > ? and batch is null order by id limit ?
"""
_OLDEST: Final = "select received_at from request where state = 'waiting' and key_name = ? order by id limit 1"


def waiting_by_key(connection: sqlite3.Connection, exclude: Collection[int]) -> dict[str, Iterator[int]]:
    """Return, for each key, the ids of its waiting requests that have no batch, oldest first."""
    names = [name for (name,) in connection.execute(_NAMES).fetchall()]
    return {name: _ids_of(connection, name, exclude) for name in names}


def oldest_receipt(connection: sqlite3.Connection) -> int | None:
    """Return the receipt time of the oldest waiting request (ns), None if nothing waits."""
    names = connection.execute(_NAMES).fetchall()
    return min((connection.execute(_OLDEST, name).fetchone()[0] for name in names), default=None)


def _ids_of(connection: sqlite3.Connection, key_name: str, exclude: Collection[int]) -> Iterator[int]:
    # A page at a time: an open cursor holds a snapshot, and quarantining a damaged row could not write past it.
    page = [(0,)]
    while page := connection.execute(_NEXT_IDS, (key_name, page[-1][0], _PAGE)).fetchall():
        yield from (request_id for (request_id,) in page if request_id not in exclude)
