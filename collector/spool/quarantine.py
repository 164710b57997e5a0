"""Operations on quarantined requests: retry them, or drop them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from collector.spool.file import give_back_pages, transaction
from collector.spool.schema import MINUTE_NS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from collector.spool.spool import Spool

_CHOSEN = "(select value from json_each(?))"


def retry(spool: Spool, ids: Collection[int] | None = None) -> list[int]:
    """Move quarantined requests (None: all of them) back to the queue, with zero attempts. Return their ids."""
    with spool.opened() as connection, transaction(connection):
        chosen = _quarantined(connection, ids)
        connection.execute(
            f"update request set state = 'waiting', attempts = 0, reason = '' where id in {_CHOSEN}",  # noqa: S608 - our own text
            (json.dumps(chosen),),
        )
    return chosen


def drop(spool: Spool, ids: Collection[int] | None = None) -> list[int]:
    """Delete quarantined requests (None: all of them), and return their ids. The same bytes sent again are new."""
    with spool.opened() as connection:
        with transaction(connection):
            chosen = _quarantined(connection, ids)
            numbers = (json.dumps(chosen),)
            connection.execute(
                f"delete from seen where digest in (select digest from request where id in {_CHOSEN})",  # noqa: S608 - our own text
                numbers,
            )
            slots = connection.execute(
                f"select distinct key_name, signal, received_at / {MINUTE_NS} from request where id in {_CHOSEN}",  # noqa: S608 - our own text
                numbers,
            ).fetchall()
            connection.execute(f"delete from request where id in {_CHOSEN}", numbers)  # noqa: S608 - our own text
        spool.note_counts(connection, slots)
        give_back_pages(connection)
    return chosen


def _quarantined(connection: sqlite3.Connection, ids: Collection[int] | None) -> list[int]:
    rows = connection.execute("select id from request where state = 'quarantined' order by id").fetchall()
    return [request_id for (request_id,) in rows if ids is None or request_id in ids]
